"""A stand-in for Core Practice: the source API of a dental practice, grown from a number or served from a folder.

Alone: `python -m sandbox.corepractice --patients 2000 --seed 1`. Inside a test, on a free port:

    from sandbox.corepractice.app import running
    from sandbox.corepractice.clinic import Clinic
    from sandbox.corepractice.practice import Practice

    practice = Practice(Clinic(patients=200, seed=1))
    async with running(practice, token="secret") as server:     # rate_limit=None, faults=FaultSchedule() optional
        httpx.get(f"{server.url}/v1/patients", headers={"Authorization": "Bearer secret"})
        practice.edit("patients", "p-000000001", {"mobile": None})     # seen by updated_since at once
        server.faults.add([Fault("throttle", at=(1,))])

`practice.truth("patients")` is what the simulator itself knows (hidden records too), for tests to compare with.
The rooms: `clinic` grows records and `folder` reads them (both are `records.Records`), `practice` lays edits over
them, `app` and `control` speak HTTP, `bundle` writes exports and `hostile` bad ones.
"""
