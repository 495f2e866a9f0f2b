"""Where the stories meet Azure: each plain generator registered under its own name."""

from __future__ import annotations

import azure.durable_functions as df

from orchestrators.delta import delta
from orchestrators.erasure import erasure
from orchestrators.gate import gate
from orchestrators.lane import lane
from orchestrators.migration import migration
from orchestrators.partial_rollback import partial_rollback
from orchestrators.phase import phase
from orchestrators.proving import verify
from orchestrators.purge import purge
from orchestrators.rehearsal import rehearsal
from orchestrators.rollback import rollback

STORIES = (migration, gate, phase, lane, delta, rollback, partial_rollback, rehearsal, verify, erasure, purge)

blueprint = df.Blueprint()
for story in STORIES:
    blueprint.function_name(story.__name__)(blueprint.orchestration_trigger(context_name="context")(story))
