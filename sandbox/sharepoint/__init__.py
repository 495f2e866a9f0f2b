"""Microsoft Graph's part for one SharePoint site with its document libraries.

For tests in the same process:

    from sandbox.sharepoint.behaviour import Behaviour
    from sandbox.sharepoint.serving import running

    async with running(Behaviour(quota=10_000_000)) as server:
        ...        # server.url is the Graph URL for clients, server.schedule takes faults, server.site to look inside

`running(key=...)` accepts only tokens of the sandbox's identity endpoint for https://graph.microsoft.com; without a key
any bearer token is accepted. README.md has the coverage, and what is not pretended.
"""
