"""The Dataverse Web API v9.2, simulated well enough that clients nobody here wrote work against it unchanged.

For tests in the same process:

    from sandbox.dataverse.behaviour import calm
    from sandbox.dataverse.organisation import Organisation
    from sandbox.dataverse.serving import running

    async with running(Organisation.seeded(calm())) as server:
        ...        # server.url for clients, server.api for raw requests, server.org to look inside

`Organisation.seeded(users=[...], privileges_missing=[...], state=path)`; `running(limits=..., key=..., schedule=...)`.
README.md has the coverage, and what is not pretended.
"""
