// The Functions app on Flex Consumption. One app to a plan; the runtime, the package's place and the scale are in
// functionAppConfig, and the settings that older plans took for these are refused here (tests/infra keeps them out).
param name string
param planName string
param location string
param tags object
param pythonVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param durableAlwaysReady int
param identityId string
param identityClientId string
param writerIds array
param writerClientIds array
param subnetId string
param hostStorageName string
param packageContainer string
param dataStorageName string
param vaultName string
param keyUrl string
param componentName string
param workspaceId string
param publisherPrefix string
param sourceHosts string
param targetHosts string

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostStorageName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: false
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'api'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({
      '${identityId}': {}
    }, length(writerIds) < 1 ? {} : {
      '${writerIds[0]}': {}
    }, length(writerIds) < 2 ? {} : {
      '${writerIds[1]}': {}
    }, length(writerIds) < 3 ? {} : {
      '${writerIds[2]}': {}
    })
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: subnetId
    outboundVnetRouting: {
      allTraffic: true
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
    }
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: durableAlwaysReady == 0 ? [] : [
          {
            name: 'durable'
            instanceCount: durableAlwaysReady
          }
        ]
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: {
    // The host's own storage, by identity. Durable wants the client id: it does not take a resource id.
    AzureWebJobsStorage__accountName: hostStorageName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: 'true'
    TASKHUB_NAME: 'bridgework'
    BRIDGEWORK_STORAGE_ACCOUNT: dataStorageName
    BRIDGEWORK_CLIENT_ID: identityClientId
    BRIDGEWORK_MORE_CLIENTS: join(writerClientIds, ',')
    BRIDGEWORK_KEY_URL: keyUrl
    BRIDGEWORK_PUBLISHER_PREFIX: publisherPrefix
    BRIDGEWORK_SOURCE_HOSTS: sourceHosts
    BRIDGEWORK_TARGET_HOSTS: targetHosts
    BRIDGEWORK_SECRET_CORE_PRACTICE: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/core-practice)'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

output name string = site.name
output uri string = 'https://${site.properties.defaultHostName}'
