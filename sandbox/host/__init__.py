"""A local Azure Functions + Durable Functions host for any Python v2-model app; see README.md beside this file.

In a test, in this process: `async with running.running_host(app_dir, state=tmp_path / "hub.db") as host`, then
`host.url`, `host.keys.function`, `host.clock.advance(seconds)`, `host.operations.start("name")`,
`await host.engine.finished(instance_id)`. As a process that can be killed: `process.HostProcess`.
"""
