// A set-up and its use, with the JavaScript libraries as their pages show them. Prints a line of JSON for each check.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { AzureDigitalTwinsManagementClient } from "@azure/arm-digitaltwins";
import { ResourceManagementClient } from "@azure/arm-resources";
import { DigitalTwinsClient } from "@azure/digital-twins-core";
import { ClientSecretCredential, DefaultAzureCredential, WorkloadIdentityCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const { tenant, subscription, federated, sandbox, user, role, clientId, clientSecret } = JSON.parse(process.argv[2]);
const [group, name, location] = ["js-group", "js-twins", "westus2"];
const scope = `/subscriptions/${subscription}`;
const credential = new DefaultAzureCredential();
const resources = new ResourceManagementClient(credential, subscription);
const twins = new AzureDigitalTwinsManagementClient(credential, subscription);
const rights = new AuthorizationManagementClient(credential, subscription);
const scopes = ["https://graph.microsoft.com/.default"];
const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes });
const graph = Client.initWithMiddleware({ authProvider });
const kept = {};

async function all(iterable) {
  const found = [];
  for await (const item of iterable) found.push(item);
  return found;
}

async function until(condition) {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      const found = await condition();
      if (found) return found;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    assert(Date.now() < end, "it took longer than 20 s");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function refused(promise, status, code) {
  const error = await promise.then(() => null, (reason) => reason);
  assert(error, "it was not refused");
  assert.equal(error.statusCode, status, error.message);
  if (code) assert.equal(error.code ?? error.details?.error?.code, code, error.message);
}

const signIn = {
  async "DefaultAzureCredential has tokens for the three services"() {
    for (const host of ["management.azure.com", "graph.microsoft.com", "digitaltwins.azure.net"]) {
      const { token, expiresOnTimestamp } = await credential.getToken(`https://${host}/.default`);
      assert(token && expiresOnTimestamp > Date.now());
    }
  },
  async "ClientSecretCredential"() {
    const { token } = await new ClientSecretCredential(tenant, clientId, clientSecret).getToken(scopes);
    assert.equal(JSON.parse(Buffer.from(token.split(".")[1], "base64url")).appid, clientId);
  },
  async "ClientSecretCredential with a wrong secret"() {
    const wrong = new ClientSecretCredential(tenant, clientId, "wrong").getToken(scopes);
    await assert.rejects(wrong, /AADSTS7000215/);
  },
};

const groups = {
  async "providers.get"() {
    assert.equal((await resources.providers.get("Microsoft.DigitalTwins")).registrationState, "Registered");
  },
  async "providers.list"() {
    assert((await all(resources.providers.list())).some((found) => found.namespace === "Microsoft.DigitalTwins"));
  },
  async "providers.register, in another subscription"() {
    const other = new ResourceManagementClient(credential, sandbox);
    assert.equal((await other.providers.get("Microsoft.DigitalTwins")).registrationState, "NotRegistered");
    await other.providers.register("Microsoft.DigitalTwins");
    await until(async () => (await other.providers.get("Microsoft.DigitalTwins")).registrationState === "Registered");
  },
  async "resourceGroups.checkExistence, before"() {
    assert.equal((await resources.resourceGroups.checkExistence(group)).body, false);
  },
  async "resourceGroups.get of none"() {
    await refused(resources.resourceGroups.get(group), 404, "ResourceGroupNotFound");
  },
  async "resourceGroups.createOrUpdate"() {
    const made = await resources.resourceGroups.createOrUpdate(group, { location, tags: { by: "js" } });
    assert.equal(made.properties.provisioningState, "Succeeded");
  },
  async "resourceGroups.checkExistence, after"() {
    assert.equal((await resources.resourceGroups.checkExistence(group)).body, true);
  },
  async "resourceGroups.createOrUpdate elsewhere"() {
    const moved = resources.resourceGroups.createOrUpdate(group, { location: "northeurope" });
    await refused(moved, 409, "InvalidResourceGroupLocation");
  },
  async "resourceGroups.update"() {
    assert.deepEqual((await resources.resourceGroups.update(group, { tags: { by: "walk" } })).tags, { by: "walk" });
  },
  async "resourceGroups.list, with a filter"() {
    const filter = "tagName eq 'by' and tagValue eq 'walk'";
    assert.deepEqual((await all(resources.resourceGroups.list({ filter }))).map((found) => found.name), [group]);
  },
  async "tagsOperations.updateAtScope and getAtScope"() {
    const at = `${scope}/resourceGroups/${group}`;
    await resources.tagsOperations.updateAtScope(at, { operation: "Merge", properties: { tags: { more: "yes" } } });
    assert.deepEqual((await resources.tagsOperations.getAtScope(at)).properties.tags, { by: "walk", more: "yes" });
  },
};

const instance = {
  async "operations.list"() {
    assert((await all(twins.operations.list())).length > 10);
  },
  async "digitalTwins.checkNameAvailability"() {
    const type = "Microsoft.DigitalTwins/digitalTwinsInstances";
    const free = await twins.digitalTwins.checkNameAvailability(location, { name, type });
    assert.equal(free.nameAvailable, true);
    const taken = await twins.digitalTwins.checkNameAvailability(location, { name: "contoso-twins", type });
    assert.deepEqual([taken.nameAvailable, taken.reason], [false, "AlreadyExists"]);
  },
  async "digitalTwins.get of none"() {
    await refused(twins.digitalTwins.get(group, name), 404, "ResourceNotFound");
  },
  async "digitalTwins.beginCreateOrUpdateAndWait"() {
    const body = { location, identity: { type: "SystemAssigned" }, tags: { by: "js" } };
    const made = await twins.digitalTwins.beginCreateOrUpdateAndWait(group, name, body);
    assert.equal(made.provisioningState, "Succeeded");
    assert.equal(made.hostName, `${name}.api.wus2.digitaltwins.azure.net`);
    assert(made.createdTime instanceof Date && made.identity.principalId);
    kept.instance = made;
    kept.client = new DigitalTwinsClient(`https://${made.hostName}`, credential);
  },
  async "digitalTwins.beginUpdateAndWait"() {
    const made = await twins.digitalTwins.beginUpdateAndWait(group, name, { tags: { by: "walk" } });
    assert.deepEqual(made.tags, { by: "walk" });
  },
  async "digitalTwins.list and listByResourceGroup"() {
    assert((await all(twins.digitalTwins.list())).some((found) => found.name === name));
    assert.deepEqual((await all(twins.digitalTwins.listByResourceGroup(group))).map((found) => found.name), [name]);
  },
  async "resources.listByResourceGroup and getById"() {
    const [found] = await all(resources.resources.listByResourceGroup(group));
    assert.equal(found.type, "Microsoft.DigitalTwins/digitalTwinsInstances");
    assert.equal((await resources.resources.getById(found.id, "2023-01-31")).name, name);
  },
  async "privateLinkResources and privateEndpointConnections"() {
    assert.equal((await twins.privateLinkResources.list(group, name)).value[0].properties.groupId, "API");
    assert.deepEqual((await twins.privateEndpointConnections.list(group, name)).value, []);
  },
  async "timeSeriesDatabaseConnections.list"() {
    assert.deepEqual(await all(twins.timeSeriesDatabaseConnections.list(group, name)), []);
  },
};

const authorization = {
  async "queryTwins without a role"() {
    await refused(all(kept.client.queryTwins("SELECT * FROM digitaltwins")), 403);
  },
  async "roleDefinitions.list, with a filter"() {
    const filter = `roleName eq 'Azure Digital Twins Data Owner'`;
    [kept.role] = await all(rights.roleDefinitions.list(kept.instance.id, { filter }));
    assert.equal(kept.role.name, role);
  },
  async "roleAssignments.create"() {
    kept.assignment = randomUUID();
    const parameters = { roleDefinitionId: kept.role.id, principalId: user, principalType: "User" };
    const made = await rights.roleAssignments.create(kept.instance.id, kept.assignment, parameters);
    assert.equal(made.principalId, user);
  },
  async "roleAssignments.create of the same"() {
    const parameters = { roleDefinitionId: kept.role.id, principalId: user, principalType: "User" };
    const again = rights.roleAssignments.create(kept.instance.id, randomUUID(), parameters);
    await refused(again, 409, "RoleAssignmentExists");
  },
  async "roleAssignments.listForScope, with a filter"() {
    const filter = `principalId eq '${user}'`;
    const found = await all(rights.roleAssignments.listForScope(kept.instance.id, { filter }));
    assert(found.some((assignment) => assignment.name === kept.assignment));
  },
  async "roleAssignments.get"() {
    assert.equal((await rights.roleAssignments.get(kept.instance.id, kept.assignment)).name, kept.assignment);
  },
  async "permissions.listForResourceGroup"() {
    assert((await all(rights.permissions.listForResourceGroup(group))).some((found) => found.actions.includes("*")));
  },
  async "denyAssignments.listForScope"() {
    assert.deepEqual(await all(rights.denyAssignments.listForScope(kept.instance.id)), []);
  },
  async "queryTwins with the role"() {
    await until(async () => (await all(kept.client.queryTwins("SELECT * FROM digitaltwins"))).length === 0);
  },
};

const context = "dtmi:dtdl:context;2";
const models = [
  {
    "@id": "dtmi:js:Room;1", "@type": "Interface", "@context": context, displayName: "Room",
    contents: [
      { "@type": "Property", name: "temperature", schema: "double", writable: true },
      { "@type": "Component", name: "sensor", schema: "dtmi:js:Sensor;1" },
      { "@type": "Relationship", name: "nextTo", properties: [{ "@type": "Property", name: "door", schema: "string" }] },
      { "@type": "Telemetry", name: "noise", schema: "double" },
    ],
  },
  {
    "@id": "dtmi:js:Sensor;1", "@type": "Interface", "@context": context,
    contents: [
      { "@type": "Property", name: "serial", schema: "string" },
      { "@type": "Telemetry", name: "beat", schema: "integer" },
    ],
  },
];
const twin = (temperature) =>
  JSON.stringify({ $metadata: { $model: "dtmi:js:Room;1" }, temperature, sensor: { $metadata: {}, serial: "a" } });

const data = {
  async "createModels"() {
    assert.equal((await kept.client.createModels(models)).length, 2);
  },
  async "createModels again"() {
    await refused(kept.client.createModels(models), 409, "ModelIdAlreadyExists");
  },
  async "createModels of a wrong one"() {
    await refused(kept.client.createModels([{ ...models[1], "@id": "no" }]), 400);
  },
  async "getModel, with its definition and without"() {
    assert.deepEqual((await kept.client.getModel("dtmi:js:Room;1", true)).model, models[0]);
    assert.equal((await kept.client.getModel("dtmi:js:Room;1")).model, undefined);
  },
  async "listModels"() {
    const ids = (await all(kept.client.listModels(undefined, false))).map((found) => found.id).sort();
    assert.deepEqual(ids, ["dtmi:js:Room;1", "dtmi:js:Sensor;1"]);
  },
  async "listModels of what one needs"() {
    assert.equal((await all(kept.client.listModels(["dtmi:js:Room;1"], true))).length, 2);
  },
  async "upsertDigitalTwin"() {
    for (const id of ["one", "two", "three"]) {
      const made = await kept.client.upsertDigitalTwin(id, twin(20));
      assert.equal(made.$dtId ?? made.body.$dtId, id);
    }
  },
  async "upsertDigitalTwin where there must be none"() {
    await refused(kept.client.upsertDigitalTwin("one", twin(21), { ifNoneMatch: "*" }), 412);
  },
  async "upsertDigitalTwin of no model"() {
    await refused(kept.client.upsertDigitalTwin("x", JSON.stringify({ $metadata: { $model: "dtmi:js:None;1" } })), 400);
  },
  async "getDigitalTwin"() {
    const { body, etag } = await kept.client.getDigitalTwin("one");
    assert.equal(body.temperature, 20);
    kept.etag = etag;
    assert(etag);
  },
  async "getDigitalTwin of none"() {
    await refused(kept.client.getDigitalTwin("none"), 404, "DigitalTwinNotFound");
  },
  async "updateDigitalTwin"() {
    const patch = [{ op: "replace", path: "/temperature", value: 25 }];
    await kept.client.updateDigitalTwin("one", patch, { ifMatch: kept.etag });
    await refused(kept.client.updateDigitalTwin("one", patch, { ifMatch: kept.etag }), 412);
    assert.equal((await kept.client.getDigitalTwin("one")).body.temperature, 25);
  },
  async "updateDigitalTwin with a wrong value"() {
    await refused(kept.client.updateDigitalTwin("one", [{ op: "replace", path: "/temperature", value: "hot" }]), 400);
  },
  async "getComponent and updateComponent"() {
    await kept.client.updateComponent("one", "sensor", [{ op: "replace", path: "/serial", value: "b" }]);
    assert.equal((await kept.client.getComponent("one", "sensor")).body.serial, "b");
  },
  async "upsertRelationship"() {
    const body = { $relationshipName: "nextTo", $targetId: "two", door: "open" };
    await kept.client.upsertRelationship("one", "a", body);
    await kept.client.upsertRelationship("two", "b", { ...body, $targetId: "three" });
    assert.equal((await kept.client.getRelationship("one", "a")).body.$targetId, "two");
  },
  async "updateRelationship"() {
    await kept.client.updateRelationship("one", "a", [{ op: "replace", path: "/door", value: "shut" }]);
    assert.equal((await kept.client.getRelationship("one", "a")).body.door, "shut");
  },
  async "listRelationships and listIncomingRelationships"() {
    assert.equal((await all(kept.client.listRelationships("one")))[0].$relationshipId, "a");
    assert.equal((await all(kept.client.listIncomingRelationships("two")))[0].sourceId, "one");
  },
  async "publishTelemetry and publishComponentTelemetry"() {
    await kept.client.publishTelemetry("one", { noise: 3 }, randomUUID());
    // 1.1.0 hands its last two parameters over in the wrong order.
    await kept.client.publishComponentTelemetry("one", "sensor", randomUUID(), { beat: 1 });
  },
  async "queryTwins with a condition"() {
    const found = await all(kept.client.queryTwins("SELECT * FROM digitaltwins T WHERE T.temperature > 22"));
    assert.deepEqual(found.map((hit) => hit.$dtId), ["one"]);
  },
  async "queryTwins page by page"() {
    const pages = [];
    const asked = kept.client.queryTwins("SELECT * FROM digitaltwins", 2);
    for await (const page of asked.byPage()) pages.push(page.value.length);
    assert.equal(pages.reduce((sum, size) => sum + size), 3);
  },
  async "queryTwins, COUNT and JOIN"() {
    const [count] = await all(kept.client.queryTwins("SELECT COUNT() FROM digitaltwins"));
    assert.equal(count.COUNT, 3);
    const query = "SELECT B.$dtId FROM digitaltwins A JOIN B RELATED A.nextTo WHERE A.$dtId = 'one'";
    assert.deepEqual(await all(kept.client.queryTwins(query)), [{ $dtId: "two" }]);
  },
  async "queryTwins of nonsense"() {
    await refused(all(kept.client.queryTwins("SELECT nonsense")), 400);
  },
  async "deleteDigitalTwin that has relationships"() {
    await refused(kept.client.deleteDigitalTwin("one"), 400, "RelationshipsNotDeleted");
  },
};

const routing = {
  async "digitalTwinsEndpoint.beginCreateOrUpdateAndWait, by identity"() {
    const properties = {
      endpointType: "EventHub", authenticationType: "IdentityBased", entityPath: "twin-events",
      endpointUri: "sb://contoso-events.servicebus.windows.net/",
    };
    const made = await twins.digitalTwinsEndpoint.beginCreateOrUpdateAndWait(group, name, "hub", { properties });
    assert.equal(made.properties.provisioningState, "Succeeded");
  },
  async "digitalTwinsEndpoint.get and list"() {
    assert.equal((await twins.digitalTwinsEndpoint.get(group, name, "hub")).properties.endpointType, "EventHub");
    assert.equal((await all(twins.digitalTwinsEndpoint.list(group, name))).length, 1);
  },
  async "upsertEventRoute"() {
    await until(async () => {
      await kept.client.upsertEventRoute("route", "hub", "type = 'Microsoft.DigitalTwins.Twin.Create'");
      return true;
    });
  },
  async "getEventRoute and listEventRoutes"() {
    assert.equal((await kept.client.getEventRoute("route")).endpointName, "hub");
    assert.deepEqual((await all(kept.client.listEventRoutes())).map((route) => route.id), ["route"]);
  },
  async "deleteEventRoute"() {
    await kept.client.deleteEventRoute("route");
    await refused(kept.client.getEventRoute("route"), 404);
  },
  async "digitalTwinsEndpoint.beginDeleteAndWait"() {
    await twins.digitalTwinsEndpoint.beginDeleteAndWait(group, name, "hub");
    assert.deepEqual(await all(twins.digitalTwinsEndpoint.list(group, name)), []);
  },
};

const directory = {
  async "/me"() {
    assert.equal((await graph.api("/me").select("id,displayName").get()).id, user);
  },
  async "/users, counted and searched"() {
    const found = await graph.api("/users").header("ConsistencyLevel", "eventual").count(true)
      .search('"displayName:Olivia"').get();
    assert.deepEqual([found["@odata.count"], found.value[0].id], [1, user]);
  },
  async "POST /applications"() {
    kept.application = await graph.api("/applications").post({ displayName: "js-app", signInAudience: "AzureADMyOrg" });
    assert(kept.application.appId);
  },
  async "GET /applications, with a filter"() {
    const found = () => graph.api("/applications").filter(`appId eq '${kept.application.appId}'`).get();
    assert.equal((await until(async () => ((await found()).value.length ? found() : null))).value[0].displayName, "js-app");
  },
  async "GET /applications(appId='…')"() {
    const found = await graph.api(`/applications(appId='${kept.application.appId}')`).get();
    assert.equal(found.id, kept.application.id);
  },
  async "PATCH /applications"() {
    const body = { web: { redirectUris: ["https://twins.example/js"] } };
    await until(async () => (await graph.api(`/applications/${kept.application.id}`).patch(body), true));
    const read = () => graph.api(`/applications/${kept.application.id}`).get();
    await until(async () => (await read()).web.redirectUris.length === 1);
  },
  async "POST /servicePrincipals"() {
    const body = { appId: kept.application.appId };
    kept.principal = await until(() => graph.api("/servicePrincipals").post(body));
    assert.equal(kept.principal.servicePrincipalType, "Application");
  },
  async "addPassword, and its sign-in"() {
    const at = `/applications/${kept.application.id}/addPassword`;
    const made = await graph.api(at).post({ passwordCredential: { displayName: "js" } });
    const signed = new ClientSecretCredential(tenant, kept.application.appId, made.secretText);
    await until(() => signed.getToken(scopes));
    await graph.api(`/applications/${kept.application.id}/removePassword`).post({ keyId: made.keyId });
  },
  async "federatedIdentityCredentials, and their sign-in"() {
    const { subject, issuer, file } = federated;
    const body = { name: "js-main", subject, issuer, audiences: ["api://AzureADTokenExchange"] };
    await graph.api(`/applications/${kept.application.id}/federatedIdentityCredentials`).post(body);
    const options = { tenantId: tenant, clientId: kept.application.appId, tokenFilePath: file };
    await until(() => new WorkloadIdentityCredential(options).getToken(scopes));
  },
  async "owners"() {
    const found = await graph.api(`/applications/${kept.application.id}/owners`).get();
    assert.deepEqual(found.value.map((owner) => owner.id), [user]);
  },
  async "$batch"() {
    const requests = [{ id: "1", method: "GET", url: "/me" }, { id: "2", method: "GET", url: "/users/none" }];
    const { responses } = await graph.api("/$batch").post({ requests });
    assert.deepEqual(responses.sort((a, b) => a.id - b.id).map((answer) => answer.status), [200, 404]);
  },
  async "GET of none"() {
    await refused(graph.api(`/applications/${randomUUID()}`).get(), 404, "Request_ResourceNotFound");
  },
  async "roleAssignments.create for the service principal"() {
    const parameters = { roleDefinitionId: kept.role.id, principalId: kept.principal.id };
    const at = [kept.instance.id, randomUUID()];
    await until(() => rights.roleAssignments.create(...at, { ...parameters, principalType: "ServicePrincipal" }));
  },
};

const removal = {
  async "DELETE /servicePrincipals and /applications"() {
    await graph.api(`/servicePrincipals/${kept.principal.id}`).delete();
    await graph.api(`/applications/${kept.application.id}`).delete();
    const found = () => graph.api("/directory/deletedItems/microsoft.graph.application").get();
    await until(async () => (await found()).value.some((deleted) => deleted.id === kept.application.id));
  },
  async "deleteRelationship and deleteDigitalTwin"() {
    await kept.client.deleteRelationship("one", "a");
    await kept.client.deleteRelationship("two", "b");
    for (const id of ["one", "two", "three"]) await kept.client.deleteDigitalTwin(id);
    await refused(kept.client.getDigitalTwin("one"), 404);
  },
  async "deleteModel that another one needs"() {
    await refused(kept.client.deleteModel("dtmi:js:Sensor;1"), 409, "ModelReferencesNotDeleted");
  },
  async "decomissionModel and deleteModel"() {
    await kept.client.decomissionModel("dtmi:js:Room;1");
    assert.equal((await kept.client.getModel("dtmi:js:Room;1")).decommissioned, true);
    for (const { "@id": id } of models) await kept.client.deleteModel(id);
    assert.deepEqual(await all(kept.client.listModels(undefined, false)), []);
  },
  async "roleAssignments.delete"() {
    await rights.roleAssignments.delete(kept.instance.id, kept.assignment);
    await until(async () => refused(all(kept.client.queryTwins("SELECT * FROM digitaltwins")), 403).then(() => true));
  },
  async "digitalTwins.beginDeleteAndWait"() {
    await twins.digitalTwins.beginDeleteAndWait(group, name);
    await refused(twins.digitalTwins.get(group, name), 404);
  },
  async "resourceGroups.delete"() {
    await resources.resourceGroups.delete(group);
    assert.equal((await resources.resourceGroups.checkExistence(group)).body, false);
  },
};

const parts = { signIn, groups, instance, authorization, data, routing, directory, removal };
for (const [part, checks] of Object.entries(parts)) {
  for (const [check, run] of Object.entries(checks)) {
    const begun = Date.now();
    const error = await run().then(() => null, (reason) => String(reason?.stack ?? reason).slice(0, 1200));
    const seconds = (Date.now() - begun) / 1000;
    process.stdout.write(`${JSON.stringify({ title: `${part}: ${check}`, error, seconds })}\n`);
  }
}
