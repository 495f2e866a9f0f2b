// Private addresses for what the app talks to: three services of two storage accounts, and the vault.
param prefix string
param location string
param tags object
param subnetId string
param hostStorageName string
param dataStorageName string
param vaultName string

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostStorageName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: dataStorageName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

var storageSuffix = environment().suffixes.storage
var doors = [
  {
    name: '${hostStorageName}-blob'
    target: hostStorage.id
    service: 'blob'
    zone: 'privatelink.blob.${storageSuffix}'
  }
  {
    name: '${hostStorageName}-queue'
    target: hostStorage.id
    service: 'queue'
    zone: 'privatelink.queue.${storageSuffix}'
  }
  {
    name: '${hostStorageName}-table'
    target: hostStorage.id
    service: 'table'
    zone: 'privatelink.table.${storageSuffix}'
  }
  {
    name: '${dataStorageName}-blob'
    target: dataStorage.id
    service: 'blob'
    zone: 'privatelink.blob.${storageSuffix}'
  }
  {
    name: '${dataStorageName}-queue'
    target: dataStorage.id
    service: 'queue'
    zone: 'privatelink.queue.${storageSuffix}'
  }
  {
    name: '${dataStorageName}-table'
    target: dataStorage.id
    service: 'table'
    zone: 'privatelink.table.${storageSuffix}'
  }
  {
    name: vaultName
    target: vault.id
    service: 'vault'
    zone: 'privatelink.vaultcore.azure.net'
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for door in doors: {
  name: '${prefix}${door.name}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: door.service
        properties: {
          privateLinkServiceId: door.target
          groupIds: [
            door.service
          ]
        }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (door, index) in doors: {
  parent: endpoints[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: door.service
        properties: {
          privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', door.zone)
        }
      }
    ]
  }
}]
