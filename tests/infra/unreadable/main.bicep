// Good Bicep, which the checker's parser cannot read: it says so in a number, checks nothing and exits with 0.
param location string?

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'stunreadable'
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
}
