"""How the value of one column is got out of a record, decided once per run and not once per record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from shared.errors import Stop
from shared.insurance.policies import payer_key
from shared.mapping import transforms
from shared.mapping.composed.circumstances import Circumstances, Getter
from shared.mapping.composed.registry import getter as composed
from shared.mapping.composed.registry import phone
from shared.mapping.model import FieldMap, FieldRule, ObjectRule
from shared.mapping.placements.talk import PARTIES
from shared.mapping.straight import TRUTH, WHOLE, Fixed, How, Link, Marked, Plain, text_that_fits
from shared.mapping.transforms import Unfit, Value
from shared.mapping.wanted import table_of
from shared.schema.model import Field, Kind, Table
from shared.vocabulary import row_id

CREATED_ON = "createdon"
REMEMBERED = 64
"""References kept in memory for each column: those of the last records. Behind them all columns share what
``Circumstances.resolve`` remembers, since sixty columns that remember as much would be most of what the app holds."""
LONGEST_TEXT = 4000
DEFAULT_ACCOUNT = "individual-patient"
AT_CLOSING = frozenset({"end_when_closed", "won_amount", "closed_on"})
REQUIRED = frozenset({"patient_id", "plan_id", "invoice_id", "payment_id"})
"""References without which a row makes no sense. Any other that leads nowhere stays empty, and is reported (N6)."""


class Getters:
    """Builds the getters of one object's columns. Fails with Stop when the target lacks something they need."""

    def __init__(self, rule: ObjectRule, mapping: FieldMap, live: Mapping[str, Table], around: Circumstances) -> None:
        self._rule = rule
        self._mapping = mapping
        self._live = live
        self._around = around
        self._table = live[rule.table]
        self._hidden = mapping.hidden(rule)

    def getter(self, rule: FieldRule) -> How:
        """What gives the column its value."""
        if rule.transform == "lookup":
            return self._link(rule)
        if rule.transform == "currency":
            return Fixed(self._around.currency)
        if rule.transform == "source_key":
            return Marked(f"{self._around.system}|{self._rule.object}|")
        if rule.transform == "e164":
            return phone(rule.source, self._around)
        live = None if rule.target == PARTIES else self._live_field(rule)
        put_together = composed(rule.transform, self._around, hidden=self._hidden)
        if put_together is not None:
            most = live.max_length if live and rule.kind is Kind.TEXT else None
            return _bounded(put_together, most) if most else put_together
        assert live is not None
        return self._plain(rule, live)

    def _plain(self, rule: FieldRule, live: Field) -> Plain | Fixed:
        source = rule.source
        if rule.transform == "constant":
            return Fixed(_numbers(rule, live)[rule.choices[0][0]])
        if rule.transform == "choice":
            numbers = _numbers(rule, live)
            return Plain(source, transforms.choice(numbers), among=numbers)
        if rule.transform == "shortened":
            most = live.max_length or LONGEST_TEXT
            return Plain(source, transforms.shortened_text(most), text_that_fits(most))
        if rule.transform == "text" and live.max_length:
            return Plain(source, transforms.bounded_text(live.max_length), text_that_fits(live.max_length))
        fits = {"text": text_that_fits(None), "integer": WHOLE, "boolean": TRUTH}
        of_text = transforms.OF_TEXT.get(rule.transform)
        return Plain(source, transforms.PLAIN[rule.transform], fits.get(rule.transform, ""), of_text=of_text)

    def _live_field(self, rule: FieldRule) -> Field:
        live = self._table.field(rule.target)
        if live is None:
            raise Stop("target-column-missing", f"The target has no column {self._table.name}.{rule.target}.")
        return live

    def bind(self, rule: FieldRule) -> tuple[str, str]:
        """The property a lookup is written by, and the entity set of what it points to."""
        live = self._live_field(rule)
        target = "transactioncurrency" if rule.transform == "currency" else table_of(rule.refers_to, self._mapping)
        navigation = live.navigation_to(target)
        if navigation is None or target not in self._live:
            raise Stop("target-lookup-missing", f"{self._table.name}.{rule.target} cannot point to {target}.")
        return f"{navigation}@odata.bind", self._live[target].set_name

    def _link(self, rule: FieldRule) -> Link:
        referred, resolve = rule.refers_to[0], self._around.resolve
        groups = {"users"} if "users" in rule.refers_to else set(rule.refers_to)
        has_default = "defaults" in rule.refers_to and self._mapping.rule("defaults") is not None
        default = row_id(self._around.system, "defaults", DEFAULT_ACCOUNT) if has_default else None
        identify = payer_key if referred == "payers" else str
        required = rule.source in REQUIRED

        def leads(source_id: str) -> Value:
            found = resolve(referred, identify(source_id))
            if found is None:
                if required:
                    raise Unfit("parent-missing")
                return default
            return found[1] if found[0] in groups else None

        return Link(rule.source, lru_cache(maxsize=REMEMBERED)(leads), default)


def _bounded(get: Getter, most: int) -> Getter:
    shorten = transforms.shortened_text(most)
    return lambda record: shorten(get(record))


def _numbers(rule: FieldRule, live: Field) -> dict[str, int]:
    by_label = {option.label.casefold(): option.value for option in live.options}
    missing = [label for _, label in rule.choices if label.casefold() not in by_label]
    if missing:
        raise Stop("target-option-missing", f"The target's column {rule.target} lacks {len(missing)} options.")
    return {value: by_label[label.casefold()] for value, label in rule.choices}
