"""Groups of columns that several standard tables share, in the notation of `standard/*.table`."""

from __future__ import annotations

ADDRESS = """
AddressTypeCode Picklist {types} default=1 | Address Type
Name String 200 | Name
Line1 String 250 | Street 1
Line2 String 250 | Street 2
Line3 String 250 | Street 3
City String 80 | City
County String 50 | County
StateOrProvince String 50 | State/Province
PostalCode String 20 | ZIP/Postal Code
Country String 80 | Country/Region
PostOfficeBox String 20 | Post Office Box
PrimaryContactName String 100 | Primary Contact Name
Telephone1 String 50 Phone | Phone
Telephone2 String 50 Phone | Telephone 2
Telephone3 String 50 Phone | Telephone 3
Fax String 50 Phone | Fax
FreightTermsCode Picklist {freight} | Freight Terms
ShippingMethodCode Picklist {shipping} | Shipping Method
Latitude Double -90 90 5 | Latitude
Longitude Double -180 180 5 | Longitude
UPSZone String 4 | UPS Zone
UTCOffset Integer -1500 1500 | UTC Offset
Composite Memo 1000 ro | Address
"""

FIRST = {
    "types": "1=Bill_To 2=Ship_To 3=Primary 4=Other",
    "freight": "1=FOB 2=No_Charge",
    "shipping": "1=Airborne 2=DHL 3=FedEx 4=UPS 5=Postal_Mail 6=Full_Load 7=Will_Call",
}
LATER = {
    "types": "1=Default_Value",
    "freight": "1=Default_Value default=1",
    "shipping": "1=Default_Value default=1",
}

ACTIVITY = """
Subject String 200 required=ApplicationRequired | Subject
Description Memo 2000 | Description
ScheduledStart DateTime | Start Date
ScheduledEnd DateTime | Due Date
ActualStart DateTime | Actual Start
ActualEnd DateTime | Actual End
ActualDurationMinutes Integer 0 2147483647 | Duration
ScheduledDurationMinutes Integer 0 2147483647 ro | Scheduled Duration
PriorityCode Picklist 0=Low 1=Normal 2=High default=1 | Priority
ActivityTypeCode EntityName ro | Activity Type
IsBilled Boolean No Yes false | Is Billed
IsWorkflowCreated Boolean No Yes false | Is Workflow Created
IsRegularActivity Boolean No Yes true | Is Regular Activity
SortDate DateTime | Sort Date
RegardingObjectId Lookup | Regarding
"""

# table -> the name its relationships to activities begin with
REGARDING = {"account": "Account", "contact": "Contact", "lead": "Lead", "opportunity": "Opportunity"}
PLURALS = {
    "PhoneCall": "Phonecalls",
    "Task": "Tasks",
    "Appointment": "Appointments",
    "Email": "Emails",
    "Letter": "Letters",
    "OpportunityClose": "OpportunityCloses",
}


def address_lines(number: int) -> list[str]:
    """The columns `AddressN_...`; their labels read "Address N: ..."."""
    types = FIRST if number == 1 else LATER
    lines = ADDRESS.format(**types).strip().splitlines()
    prefixed = [f"Address{number}_{line}".replace(" | ", f" | Address {number}: ") for line in lines]
    if number == 1:
        # A first address has no default type: it is the one that people fill in.
        prefixed[0] = prefixed[0].replace(" default=1", "")
    return [*prefixed, f"Address{number}_AddressId Guid | Address {number}: ID"]


def activity_lines(schema_name: str) -> list[str]:
    """What every activity has, its `regardingobjectid` reaching the four standard parents."""
    table = schema_name.lower()
    targets = [
        f"-> {parent} regardingobjectid_{parent}_{table} {prefix}_{PLURALS[schema_name]} Cascade"
        for parent, prefix in REGARDING.items()
    ]
    return [*ACTIVITY.strip().splitlines(), *targets]
