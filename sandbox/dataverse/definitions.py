"""The catalogue as JSON: EntityMetadata, the attribute types, keys, relationships and choices, as clients read them.

Shapes only. Which of them a request gets is `metadata_reading`.
"""

from __future__ import annotations

from typing import Any

from .attribute_definitions import NAMESPACE, label_document, managed
from .columns import (
    AlternateKey,
    ManyToMany,
    Relationship,
    TableSchema,
    label,
)

CASCADE = ("Assign", "Delete", "Archive", "Merge", "Reparent", "Share", "Unshare", "RollupView")


def table_document(table: TableSchema) -> dict[str, Any]:
    logical = table.logical_name
    return {
        "MetadataId": table.metadata_id,
        "LogicalName": logical,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set_name,
        "LogicalCollectionName": table.set_name,
        "CollectionSchemaName": table.collection_schema_name or table.set_name,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "PrimaryImageAttribute": "entityimage" if "entityimage" in table.columns else None,
        "ObjectTypeCode": table.object_type_code,
        "OwnershipType": table.ownership,
        "TableType": "Standard",
        "DisplayName": label_document(table.labels),
        "DisplayCollectionName": label_document(table.collection_labels),
        "Description": label_document(table.description),
        "IsCustomEntity": table.custom,
        "IsActivity": table.activity,
        "IsActivityParty": table.activities,
        "IsPrivate": table.private,
        "IsIntersect": table.intersect,
        "IsManaged": not table.custom,
        "IsLogicalEntity": False,
        "IsChildEntity": False,
        "HasNotes": table.notes,
        "HasActivities": table.activities,
        "HasFeedback": False,
        "IsDocumentManagementEnabled": table.documents,
        "ChangeTrackingEnabled": table.change_tracking,
        "IsAuditEnabled": managed(table.audit, "canmodifyauditsettings"),
        "IsCustomizable": managed(not table.private, "iscustomizable"),
        "CanCreateAttributes": managed(not (table.private or table.fixed), "cancreateattributes"),
        "IsValidForAdvancedFind": not table.private,
        "IsOptimisticConcurrencyEnabled": not table.intersect,
        "SyncToExternalSearchIndex": False,
        "DataProviderId": None,
        "HasChanged": None,
    }


def key_document(table: TableSchema, key: AlternateKey, root: str) -> dict[str, Any]:
    job = None if key.job_id is None else {"@odata.id": f"{root}/asyncoperations({key.job_id})"}
    return {
        "MetadataId": key.metadata_id,
        "LogicalName": key.logical_name,
        "SchemaName": key.schema_name,
        "EntityLogicalName": table.logical_name,
        "DisplayName": label_document(key.labels or label(key.schema_name)),
        "KeyAttributes": list(key.columns),
        "EntityKeyIndexStatus": key.status,
        "AsyncJob": job,
        "IsManaged": False,
        "IsCustomizable": managed(True, "iscustomizable"),
        "HasChanged": None,
    }


def relationship_document(link: Relationship, primary_id: str) -> dict[str, Any]:
    cascade = dict.fromkeys(CASCADE, "NoCascade") | dict(link.cascade) | {"Delete": link.delete}
    return {
        "@odata.type": NAMESPACE + "OneToManyRelationshipMetadata",
        "MetadataId": link.metadata_id,
        "SchemaName": link.schema_name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencedEntity": link.referenced,
        "ReferencedAttribute": primary_id,
        "ReferencingEntity": link.referencing,
        "ReferencingAttribute": link.column,
        "ReferencedEntityNavigationPropertyName": link.collection,
        "ReferencingEntityNavigationPropertyName": link.navigation,
        "CascadeConfiguration": cascade,
        "IsCustomRelationship": link.custom,
        "IsManaged": not link.custom,
        "IsHierarchical": False,
        "IsValidForAdvancedFind": True,
        "SecurityTypes": "Append",
        "HasChanged": None,
    }


def many_to_many_document(link: ManyToMany) -> dict[str, Any]:
    return {
        "@odata.type": NAMESPACE + "ManyToManyRelationshipMetadata",
        "MetadataId": link.metadata_id,
        "SchemaName": link.schema_name,
        "RelationshipType": "ManyToManyRelationship",
        "IntersectEntityName": link.intersect,
        "Entity1LogicalName": link.entity1,
        "Entity2LogicalName": link.entity2,
        "Entity1IntersectAttribute": link.column1,
        "Entity2IntersectAttribute": link.column2,
        "Entity1NavigationPropertyName": link.navigation1,
        "Entity2NavigationPropertyName": link.navigation2,
        "IsCustomRelationship": link.custom,
        "IsManaged": not link.custom,
        "IsValidForAdvancedFind": True,
        "SecurityTypes": "None",
        "HasChanged": None,
    }
