// Who the app is, everywhere: to its storage, its vault, its monitoring and (as an application user) to Dataverse. And
// whom else it may write as there, which is all that those others may do.
param name string
param location string
param tags object
param moreWriters int

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

resource writers 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for number in range(0, moreWriters): {
  name: '${name}-${number + 2}'
  location: location
  tags: tags
}]

output id string = identity.id
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
output writerIds array = [for number in range(0, moreWriters): writers[number].id]
output writerClientIds array = [for number in range(0, moreWriters): writers[number].properties.clientId]
