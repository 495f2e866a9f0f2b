"""What invoices need of a custom table: money with its currency, and rows below rows of the same table."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm


@pytest.fixture
async def billing(api: Any, attribute: Any, labelled: Any) -> Any:
    await api.publisher()
    await api.define("bw_Invoice", attribute("bw_Amount", "Money", Precision=2, PrecisionSource=2))
    link = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "SchemaName": "bw_invoice_line",
        "ReferencedEntity": "bw_invoice",
        "ReferencingEntity": "bw_invoice",
        "CascadeConfiguration": {"Delete": "Cascade"},
        "Lookup": {"SchemaName": "bw_ParentId", "DisplayName": labelled("Invoice")},
    }
    answer = await api.post("RelationshipDefinitions", link)
    assert answer.status_code == 204, answer.text
    return api


async def currency(api: Any, **values: Any) -> str:
    if not values:
        return str((await api.row("transactioncurrencies"))["value"][0]["transactioncurrencyid"])
    made: str = await api.create("transactioncurrencies", values)
    return made


async def test_the_first_money_column_brings_the_currency_and_each_its_base(billing, attribute):
    path = "EntityDefinitions(LogicalName='bw_invoice')/Attributes"
    assert (await billing.post(path, attribute("bw_Paid", "Money"))).status_code == 204
    names = {one["LogicalName"] for one in (await billing.row(f"{path}?$select=LogicalName"))["value"]}
    assert {"bw_amount", "bw_amount_base", "bw_paid", "bw_paid_base", "exchangerate", "transactioncurrencyid"} <= names


async def test_money_is_kept_to_its_precision_and_in_both_currencies(billing, error):
    kiwi = await currency(
        billing, currencyname="NZ Dollar", isocurrencycode="NZD", currencyprecision=2, exchangerate=1.25
    )
    bound = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({kiwi})"}
    made = await billing.create("bw_invoices", {"bw_amount": 10.126, **bound})
    row = await billing.row(f"bw_invoices({made})")
    assert (row["bw_amount"], row["bw_amount_base"], row["exchangerate"]) == (10.13, 8.104, 1.25)
    assert error(await billing.post("bw_invoices", {"bw_amount": 1})) == (400, "0x80048cfb")
    assert error(await billing.patch(f"bw_invoices({made})", {"bw_amount": 1e15})) == (400, "0x80040317")


async def test_money_without_a_currency_can_be_taken_for_the_organisation_s(start, attribute):
    api = await start(calm(currency_required=False))
    await api.publisher()
    await api.define("bw_Invoice", attribute("bw_Amount", "Money"))
    made = await api.create("bw_invoices", {"bw_amount": 5})
    assert (await api.row(f"bw_invoices({made})"))["_transactioncurrencyid_value"] == await currency(api)


async def test_lines_lie_below_their_invoice_in_the_same_table(billing):
    invoice = await billing.create("bw_invoices", {"bw_name": "INV-1"})
    bound = {"bw_ParentId@odata.bind": f"/bw_invoices({invoice})"}
    lines = [{"bw_name": f"line {number}", **bound} for number in range(3)]
    assert (await billing.bulk("bw_invoices", "CreateMultiple", lines, "bw_invoice")).status_code == 200
    row = await billing.row(f"bw_invoices({invoice})?$expand=bw_invoice_line($select=bw_name;$orderby=bw_name)")
    assert [line["bw_name"] for line in row["bw_invoice_line"]] == ["line 0", "line 1", "line 2"]
    found = await billing.row("bw_invoices?$filter=bw_ParentId/bw_name eq 'INV-1'&$expand=bw_ParentId($select=bw_name)")
    assert [line["bw_ParentId"]["bw_name"] for line in found["value"]] == ["INV-1"] * 3
    assert (await billing.delete(f"bw_invoices({invoice})")).status_code == 204
    assert (await billing.row("bw_invoices"))["value"] == []


async def test_lines_come_inside_their_invoice_and_a_circle_can_be_deleted(billing):
    body = {"bw_name": "INV-1", "bw_invoice_line": [{"bw_name": "a"}, {"bw_name": "b"}]}
    invoice = await billing.create("bw_invoices", body)
    below = f"bw_invoices?$filter=_bw_parentid_value eq {invoice}"
    line = (await billing.row(below))["value"][0]["bw_invoiceid"]
    circle = {"bw_ParentId@odata.bind": f"/bw_invoices({line})"}
    assert (await billing.patch(f"bw_invoices({invoice})", circle)).status_code == 204
    assert (await billing.delete(f"bw_invoices({invoice})")).status_code == 204
    assert (await billing.row("bw_invoices"))["value"] == []
