"""Changes to choices: the shared ones, and the options of any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, merged_labels, read_options, refused
from .column_changes import mark_new, referenced_elsewhere
from .columns import GlobalChoice, Option
from .people import Caller
from .relationship_changes import table_named
from .solutions import CHOICE, add_component, drop_component, option_prefix, require_prefix

if TYPE_CHECKING:
    from .organisation import Organisation


# choices


def create_choice(org: Organisation, caller: Caller, body: dict[str, Any], solution: str | None) -> GlobalChoice:
    org.people.require(caller, "prvCreateAttribute", "optionset")
    name = body.get("Name")
    if not isinstance(name, str) or not name:
        raise refused("a global choice needs a Name")
    require_prefix(org, name)
    if any(other.lower() == name.lower() for other in org.catalogue.choices):
        text = f"An OptionSet with the name {name} already exists. Specify a unique name."
        raise errors.invalid(text, "0x80048403")
    options = read_options(body.get("Options") or [], option_prefix(org, solution))
    choice = GlobalChoice(name, org.new_id(), labels_of(body.get("DisplayName")), options)
    org.catalogue.put_choice(choice)
    mark_new(org, f"choice {name}")
    with org.work(caller) as work:
        add_component(work, solution, CHOICE, choice.metadata_id)
    return choice


def update_choice(
    org: Organisation, caller: Caller, choice: GlobalChoice, body: dict[str, Any], *, merge: bool
) -> None:
    """PUT changes labels only; options have their own actions."""
    org.people.require(caller, "prvWriteAttribute", "optionset")
    labels = merged_labels(choice.labels, labels_of(body.get("DisplayName")), merge=merge)
    org.catalogue.put_choice(replace(choice, labels=labels))
    org.flush()


def delete_choice(org: Organisation, caller: Caller, choice: GlobalChoice) -> None:
    org.people.require(caller, "prvDeleteAttribute", "optionset")
    for table in org.catalogue.tables.values():
        if any(column.choice == choice.name for column in table.columns.values()):
            raise referenced_elsewhere(f"Option Set({choice.metadata_id})")
    org.catalogue.drop_choice(choice.name)
    with org.work(caller) as work:
        drop_component(work, choice.metadata_id)


def set_options(org: Organisation, caller: Caller, body: dict[str, Any], options: tuple[Option, ...]) -> None:
    """Give a global choice (and every column that uses it) or one local column these options."""
    org.people.require(caller, "prvWriteAttribute", "optionset")
    name = body.get("OptionSetName")
    if name:
        choice = org.catalogue.choices[name]
        org.catalogue.put_choice(replace(choice, options=options))
        for table in list(org.catalogue.tables.values()):
            users = [column for column in table.columns.values() if column.choice == name]
            if users:
                org.catalogue.put_column(table.logical_name, *(replace(column, options=options) for column in users))
    else:
        table = table_named(org, body.get("EntityLogicalName"))
        column = table.columns[str(body["AttributeLogicalName"])]
        org.catalogue.put_column(table.logical_name, replace(column, options=options))
    org.flush()


def options_of(org: Organisation, body: dict[str, Any]) -> tuple[Option, ...]:
    """The options that an option action talks about."""
    name = body.get("OptionSetName")
    if name:
        choice = org.catalogue.choices.get(name)
        if choice is None:
            raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with name {name}.")
        return choice.options
    table = table_named(org, body.get("EntityLogicalName"))
    column = table.columns.get(str(body.get("AttributeLogicalName")))
    if column is None or not column.options:
        text = f"Could not find a choice column {body.get('AttributeLogicalName')}."
        raise errors.DataverseError(404, "0x80040217", text)
    return column.options
