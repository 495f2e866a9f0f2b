// Everything Bridgework needs in one resource group. Nothing in it holds a key: every sign-in is an identity's.
// Written in the part of Bicep that checkov can read (infra/README.md says which, and why no registry modules).
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment; part of every resource name.')
param environmentName string

@minLength(1)
@description('Region of everything. Where the patients\' records will lie while they are on their way.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Empty: a name made of the environment\'s.')
param resourceGroupName string = ''
param functionAppName string = ''
param hostStorageName string = ''
param dataStorageName string = ''
param vaultName string = ''

@allowed([
  '3.11'
  '3.12'
  '3.13'
])
param pythonVersion string = '3.12'

@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@minValue(0)
@maxValue(1)
@description('1 keeps one instance warm for the run, for the weeks of a migration; 0 costs nothing while idle.')
param durableAlwaysReady int = 0

@description('Public IPv4 addresses or ranges, comma separated, of those who upload bundles and set secrets. Empty: nobody from outside the network.')
param allowedIpAddresses string = ''

@description('Object id of the Entra group that may put export bundles into the container inbox. Empty: nobody.')
param uploaderGroupId string = ''

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
])
@description('Copies within the region only: patients\' records do not leave it. ZRS where the region has zones.')
param storageSku string = 'Standard_ZRS'

@minValue(0)
@maxValue(3)
@description('Further application users to write as. Dataverse limits each by itself, so two write twice as fast as one.')
param moreWriters int = 0

@minLength(2)
@maxLength(8)
@description('Prefix of every table and column that is made in Dataverse.')
param publisherPrefix string = 'bw'

@minLength(1)
@description('Hosts a source or a callback may be at, comma separated. A configured secret is only ever sent there.')
param sourceHosts string

@description('Hosts a target may be at, comma separated, * as wildcard.')
param targetHosts string = '*.dynamics.com'

@minValue(14)
@description('Days after which what a run forgot to purge is deleted: the backstop, not the rule.')
param stagedDays int = 90

@minValue(1)
@description('Days for which a blob in the container audit cannot be changed or deleted.')
param auditDays int = 2190

@description('true once a person has locked that policy: Azure then refuses to be told about it again.')
param auditPolicyLocked bool = false

@minValue(30)
@maxValue(730)
param logDays int = 90

var abbreviations = loadJsonContent('./abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var siteName = !empty(functionAppName) ? functionAppName : '${abbreviations.webSitesFunctions}${token}'
var addresses = empty(allowedIpAddresses) ? [] : split(replace(allowedIpAddresses, ' ', ''), ',')
var packageContainer = 'app-package'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: !empty(resourceGroupName) ? resourceGroupName : '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
    location: location
    tags: tags
    moreWriters: moreWriters
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${token}'
    componentName: '${abbreviations.insightsComponents}${token}'
    location: location
    tags: tags
    retentionDays: logDays
  }
}

module network 'app/network.bicep' = {
  name: 'network'
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${token}'
    location: location
    tags: tags
  }
}

// Two accounts: whoever may write to the host's can run code in the app, so people are only ever given rights on the other.
module hostStorage 'app/storage.bicep' = {
  name: 'hostStorage'
  scope: group
  params: {
    name: !empty(hostStorageName) ? hostStorageName : '${abbreviations.storageStorageAccounts}host${token}'
    location: location
    tags: tags
    containers: [
      packageContainer
    ]
    allowedIpAddresses: []
    sku: storageSku
    readsLogged: false
    workspaceId: monitoring.outputs.workspaceId
  }
}

module dataStorage 'app/storage.bicep' = {
  name: 'dataStorage'
  scope: group
  params: {
    name: !empty(dataStorageName) ? dataStorageName : '${abbreviations.storageStorageAccounts}data${token}'
    location: location
    tags: tags
    containers: [
      'inbox'
      'staging'
      'reports'
      'quarantine'
      'audit'
    ]
    allowedIpAddresses: addresses
    sku: storageSku
    readsLogged: true
    workspaceId: monitoring.outputs.workspaceId
  }
}

module retention 'app/retention.bicep' = {
  name: 'retention'
  scope: group
  params: {
    storageName: dataStorage.outputs.name
    stagedDays: stagedDays
    auditDays: auditDays
    auditPolicyLocked: auditPolicyLocked
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: !empty(vaultName) ? vaultName : '${abbreviations.keyVaultVaults}${token}'
    location: location
    tags: tags
    allowedIpAddresses: addresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module roles 'app/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    identityPrincipalId: identity.outputs.principalId
    uploaderGroupId: uploaderGroupId
    hostStorageName: hostStorage.outputs.name
    dataStorageName: dataStorage.outputs.name
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
  }
}

module endpoints 'app/endpoints.bicep' = {
  name: 'endpoints'
  scope: group
  params: {
    prefix: abbreviations.networkPrivateEndpoints
    location: location
    tags: tags
    subnetId: network.outputs.endpointSubnetId
    hostStorageName: hostStorage.outputs.name
    dataStorageName: dataStorage.outputs.name
    vaultName: vault.outputs.name
  }
}

module api 'app/api.bicep' = {
  name: 'api'
  scope: group
  dependsOn: [
    roles
    endpoints
  ]
  params: {
    name: siteName
    planName: '${abbreviations.webServerFarms}${token}'
    location: location
    tags: tags
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    durableAlwaysReady: durableAlwaysReady
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    writerIds: identity.outputs.writerIds
    writerClientIds: identity.outputs.writerClientIds
    subnetId: network.outputs.appSubnetId
    hostStorageName: hostStorage.outputs.name
    packageContainer: packageContainer
    dataStorageName: dataStorage.outputs.name
    vaultName: vault.outputs.name
    keyUrl: vault.outputs.keyUrl
    componentName: monitoring.outputs.componentName
    workspaceId: monitoring.outputs.workspaceId
    publisherPrefix: publisherPrefix
    sourceHosts: sourceHosts
    targetHosts: targetHosts
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = api.outputs.name
output SERVICE_API_NAME string = api.outputs.name
output SERVICE_API_URI string = api.outputs.uri
output BRIDGEWORK_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output BRIDGEWORK_MORE_CLIENTS array = identity.outputs.writerClientIds
output BRIDGEWORK_DATA_STORAGE_NAME string = dataStorage.outputs.name
output BRIDGEWORK_VAULT_NAME string = vault.outputs.name
