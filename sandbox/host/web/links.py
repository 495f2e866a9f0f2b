"""Where the durable API can be found: the links in 202 answers, and the JSON behind every durable client binding."""

from __future__ import annotations

import json
from urllib.parse import quote

WEBHOOKS = "/runtime/webhooks/durabletask"
RPC = "/durabletask"
_PLACEHOLDER = "INSTANCEID"


class Links:
    """`base` is the host's public address; `rpc` the loopback one that the SDK's client uses."""

    def __init__(self, *, base: str, rpc: str, hub_name: str, system_key: str) -> None:
        self._webhooks = base + WEBHOOKS
        code = f"code={quote(system_key)}"
        self._suffix = f"taskHub={quote(hub_name)}&connection=Storage&{code}"
        create = f"{self._webhooks}/orchestrators/{{functionName}}[/{{instanceId}}]"
        waiting = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
        self.client_binding = json.dumps(
            {
                "taskHubName": hub_name,
                "creationUrls": {
                    "createNewInstancePostUri": f"{create}?{code}",
                    "createAndWaitOnNewInstancePostUri": f"{create}?{waiting}&{code}",
                },
                "managementUrls": self._of(_PLACEHOLDER),
                "baseUrl": self._webhooks,
                "requiredQueryStringParameters": code,
                "rpcBaseUrl": f"{rpc}{RPC}/",
            }
        )

    def of_instance(self, instance_id: str) -> dict[str, str]:
        return self._of(quote(instance_id, safe="")) | {"id": instance_id}

    def _of(self, instance_id: str) -> dict[str, str]:
        at = f"{self._webhooks}/instances/{instance_id}"
        return {
            "id": instance_id,
            "statusQueryGetUri": f"{at}?{self._suffix}",
            "sendEventPostUri": f"{at}/raiseEvent/{{eventName}}?{self._suffix}",
            "terminatePostUri": f"{at}/terminate?reason={{text}}&{self._suffix}",
            "rewindPostUri": f"{at}/rewind?reason={{text}}&{self._suffix}",
            "purgeHistoryDeleteUri": f"{at}?{self._suffix}",
            "restartPostUri": f"{at}/restart?{self._suffix}",
            "suspendPostUri": f"{at}/suspend?reason={{text}}&{self._suffix}",
            "resumePostUri": f"{at}/resume?reason={{text}}&{self._suffix}",
        }
