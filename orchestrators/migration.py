"""The whole story of one run, from the webhook to the sign-off, or back to where it started."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from orchestrators.asking import TurnBack, ends, have, load, move, phase, review
from orchestrators.proving import prove
from shared.vocabulary import PROVE_AGAIN, Gate, Phase, Verdict
from shared.wire import steps
from shared.wire.context import Story, Telling
from shared.wire.payloads import About, OpenWindow, Progress, Window


def migration(context: Any) -> Telling[dict[str, Any]]:
    """One practice, one run. Answers with the run's id and its last phase."""
    story = Story(context)
    about = story.input(About)
    try:
        if (yield from agree_on_the_map(story, about)) == Verdict.REJECT:
            return (yield from ends(story, about.run, Phase.REJECTED))
        yield from prepare_the_target(story, about)
        yield from gather_the_records(story, about)
        yield from try_a_sample(story, about)
        yield from move_everything(story, about)
        yield from pick_up_the_changes(story, about)
        yield from sign_off(story, about)
        return (yield from ends(story, about.run, Phase.FINISHED))
    except TurnBack:
        undone: dict[str, Any] = yield from story.child("rollback", about)
        return undone


def agree_on_the_map(story: Story, about: About) -> Telling[str]:
    """Look at the source, propose where each field goes, and let a person decide, as often as they amend."""
    yield from move(story, about.run, Phase.DISCOVER)
    yield from phase(story, about.run, steps.PROFILE.name)
    yield from have(story, about.run, steps.INVENTORY, about)
    yield from move(story, about.run, Phase.PROPOSE)
    yield from have(story, about.run, steps.PROPOSE, about)
    while (decision := (yield from review(story, about.run, Gate.MAPPING, at=Phase.MAPPING_REVIEW))) == Verdict.AMEND:
        yield from have(story, about.run, steps.AMEND, about)
    return decision


def prepare_the_target(story: Story, about: About) -> Telling[None]:
    """Give every field a place, and every row an owner, before any row is written."""
    yield from move(story, about.run, Phase.SCHEMA)
    more = True
    while more:
        progress: Progress = yield from have(story, about.run, steps.SCHEMA, about)
        more = progress.more
    yield from move(story, about.run, Phase.OWNERS)
    yield from have(story, about.run, steps.OWNERS, about)


def gather_the_records(story: Story, about: About) -> Telling[None]:
    """Stage every record, then work out who refers to whom."""
    yield from move(story, about.run, Phase.EXTRACT)
    yield from phase(story, about.run, steps.EXTRACT.name, generation="base")
    yield from have(story, about.run, steps.LINK, About(about.run, "base"))


def try_a_sample(story: Story, about: About) -> Telling[None]:
    """Load a few hundred records with all their relations, read them back, and let a person look."""
    yield from move(story, about.run, Phase.SAMPLE)
    yield from have(story, about.run, steps.CHOOSE_SAMPLE, about)
    yield from load(story, about.run, "sample")
    yield from have(story, about.run, steps.SAMPLE_DIFF, about)
    if (yield from review(story, about.run, Gate.SAMPLE, at=Phase.SAMPLE_REVIEW)) == Verdict.REJECT:
        raise TurnBack


def move_everything(story: Story, about: About) -> Telling[None]:
    """The full run, then the proof."""
    yield from move(story, about.run, Phase.LOAD)
    yield from load(story, about.run, "base")
    yield from prove(story, about)


def pick_up_the_changes(story: Story, about: About) -> Telling[None]:
    """Keep the window open while the practice goes on working, then prove again. Its end is settled before anybody
    sees it open."""
    window: Window = yield from have(story, about.run, steps.OPEN_WINDOW, about)
    closes_at = story.now + timedelta(hours=window.hours)
    yield from move(story, about.run, Phase.DELTA, waiting_for="window")
    answer = yield from story.child("delta", OpenWindow(about.run, closes_at.isoformat()))
    if answer == "rollback":
        raise TurnBack
    yield from prove(story, about)


def sign_off(story: Story, about: About) -> Telling[None]:
    """The practice accepts the verdict, or asks for another one. Anything else turns the run back."""
    while (answer := (yield from review(story, about.run, Gate.SIGN_OFF, at=Phase.SIGN_OFF))) == PROVE_AGAIN:
        yield from prove(story, about)
    if answer != Verdict.APPROVE:
        raise TurnBack
