// Where the source's secret lies, and the key that wraps each run's own. Roles open it, never access policies; what is deleted can be had back.
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param allowedIpAddresses array
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: empty(allowedIpAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'AzureServices'
      ipRules: [for address in allowedIpAddresses: {
        value: address
      }]
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

// It wraps and unwraps, and never leaves. What an older version wrapped, that version unwraps.
resource journal 'Microsoft.KeyVault/vaults/keys@2023-07-01' = {
  parent: vault
  name: 'journal'
  properties: {
    kty: 'RSA'
    keySize: 3072
    keyOps: [
      'wrapKey'
      'unwrapKey'
    ]
    rotationPolicy: {
      attributes: {
        expiryTime: 'P2Y'
      }
      lifetimeActions: [
        {
          action: {
            type: 'rotate'
          }
          trigger: {
            timeAfterCreate: 'P18M'
          }
        }
      ]
    }
  }
}

output keyUrl string = '${vault.properties.vaultUri}keys/${journal.name}'
output name string = vault.name
