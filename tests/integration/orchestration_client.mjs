// Drives the API with npm @camunda8/orchestration-cluster-api, unmodified, every answer validated `strict`.
// Usage: node orchestration_client.mjs FOLDER_WITH_FILES; the client takes its settings from the environment.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createCamundaClient } from "@camunda8/orchestration-cluster-api";

const client = createCamundaClient();
const now = { consistency: { waitUpToMs: 0 } }; // the server reads its own writes
const passed = [];
const failed = [];

async function check(name, act) {
  try {
    const found = await act();
    passed.push(name);
    return found;
  } catch (error) {
    failed.push(`${name}: ${error.message}`.slice(0, 600));
    return undefined;
  }
}

function ensure(holds, what) {
  if (!holds) throw new Error(what);
}

async function refused(name, status, act) {
  await check(name, async () => {
    try {
      await act();
    } catch (error) {
      ensure(error.status === status, `${error.status} instead of ${status}: ${error.message}`);
      return;
    }
    throw new Error("was not refused");
  });
}

async function deploy(folder) {
  const files = readdirSync(folder).map((name) => new File([readFileSync(join(folder, name))], name));
  const told = await client.createDeployment({ resources: files });
  ensure(told.deployments.length === 5, "a process, a form, decisions with their drawing, and charging");
  return told;
}

async function lookAtTheCluster() {
  await check("getTopology", () => client.getTopology());
  await check("getStatus", () => client.getStatus());
  await check("getLicense", () => client.getLicense());
  const me = await check("getAuthentication", () => client.getAuthentication());
  await check("searchUsers", () => client.searchUsers({ page: { limit: 100 } }, now));
  await check("getUser", () => client.getUser({ username: me.username }, now));
  const groups = await check("searchGroups", () => client.searchGroups({}, now));
  const groupId = groups.items[0].groupId;
  await check("getGroup", () => client.getGroup({ groupId }, now));
  await check("searchUsersForGroup", () => client.searchUsersForGroup({ groupId }, now));
  await check("searchRolesForGroup", () => client.searchRolesForGroup({ groupId }, now));
  const roles = await check("searchRoles", () => client.searchRoles({}, now));
  const roleId = roles.items[0].roleId;
  await check("getRole", () => client.getRole({ roleId }, now));
  await check("searchUsersForRole", () => client.searchUsersForRole({ roleId }, now));
  await check("searchGroupsForRole", () => client.searchGroupsForRole({ roleId }, now));
}

async function readDefinitions() {
  const filter = { processDefinitionId: "purchase", isLatestVersion: true };
  const found = await check("searchProcessDefinitions", () => client.searchProcessDefinitions({ filter }, now));
  const { processDefinitionKey } = found.items[0];
  await check("getProcessDefinition", () => client.getProcessDefinition({ processDefinitionKey }, now));
  await check("getProcessDefinitionXml", async () => {
    const xml = await client.getProcessDefinitionXml({ processDefinitionKey }, now);
    ensure(xml.includes("purchase"), "the text that was deployed");
  });
  const withForm = { processDefinitionId: "office_proposal", hasStartForm: true };
  const offered = await check("searchProcessDefinitions", () =>
    client.searchProcessDefinitions({ filter: withForm }, now),
  );
  const begun = offered.items[0].processDefinitionKey;
  await check("getStartProcessForm", () => client.getStartProcessForm({ processDefinitionKey: begun }, now));
  const statistics = { processDefinitionKey, filter: {} };
  await check("getProcessDefinitionStatistics", () => client.getProcessDefinitionStatistics(statistics, now));
  const decisions = await check("searchDecisionDefinitions", () =>
    client.searchDecisionDefinitions({ filter: { decisionDefinitionId: "bonus" } }, now),
  );
  const { decisionDefinitionKey, decisionRequirementsKey } = decisions.items[0];
  await check("getDecisionDefinition", () => client.getDecisionDefinition({ decisionDefinitionKey }, now));
  await check("getDecisionDefinitionXml", () => client.getDecisionDefinitionXml({ decisionDefinitionKey }, now));
  await check("searchDecisionRequirements", () => client.searchDecisionRequirements({}, now));
  await check("getDecisionRequirements", () => client.getDecisionRequirements({ decisionRequirementsKey }, now));
  await check("getDecisionRequirementsXml", () =>
    client.getDecisionRequirementsXml({ decisionRequirementsKey }, now),
  );
  await check("evaluateDecision", async () => {
    const told = await client.evaluateDecision({ decisionDefinitionKey, variables: { days: 4 } });
    ensure(told.output === "8", `output ${told.output}`);
  });
}

async function start(order) {
  const variables = { total: 10, order };
  return client.createProcessInstance({ processDefinitionId: "purchase", variables, tags: ["of:js"] });
}

async function workATask(processInstanceKey) {
  const filter = { processInstanceKey, state: "CREATED" };
  const found = await check("searchUserTasks", () => client.searchUserTasks({ filter }, now));
  const { userTaskKey } = found.items[0];
  await check("getUserTask", () => client.getUserTask({ userTaskKey }, now));
  const form = await check("getUserTaskForm", () => client.getUserTaskForm({ userTaskKey }, now));
  ensure(JSON.parse(form.schema).id === "check_form", "the form of the task");
  await check("searchUserTaskVariables", () => client.searchUserTaskVariables({ userTaskKey }, now));
  await check("searchUserTaskEffectiveVariables", () =>
    client.searchUserTaskEffectiveVariables({ userTaskKey, truncateValues: false }, now),
  );
  const assign = () =>
    client.assignUserTask({ userTaskKey, assignee: "operator", allowOverride: true, action: "assign" });
  await check("assignUserTask", assign);
  await check("unassignUserTask", () => client.unassignUserTask({ userTaskKey }));
  await check("assignUserTask again", assign);
  await check("updateUserTask", () => client.updateUserTask({ userTaskKey, changeset: { priority: 60 } }));
  await check("completeUserTask", () =>
    client.completeUserTask({ userTaskKey, variables: { agreed: true, note: "js" }, action: "complete" }),
  );
  await refused("completeUserTask twice", 404, () => client.completeUserTask({ userTaskKey }));
  await check("searchUserTaskAuditLogs", () => client.searchUserTaskAuditLogs({ userTaskKey }, now));
}

async function workAJob(processInstanceKey, order) {
  const asked = { type: "charge-card", timeout: 60000, maxJobsToActivate: 1, worker: "js", requestTimeout: 1000 };
  const given = await check("activateJobs", () => client.activateJobs(asked));
  const { jobKey } = given.jobs[0];
  await check("failJob", () => client.failJob({ jobKey, retries: 0, errorMessage: "no line" }));
  const filter = { processInstanceKey };
  const incidents = await check("searchIncidents", () => client.searchIncidents({ filter }, now));
  const { incidentKey } = incidents.items[0];
  await check("getIncident", () => client.getIncident({ incidentKey }, now));
  await check("searchProcessInstanceIncidents", () =>
    client.searchProcessInstanceIncidents({ processInstanceKey }, now),
  );
  await refused("resolveIncident too early", 409, () => client.resolveIncident({ incidentKey }));
  await check("updateJob", () => client.updateJob({ jobKey, changeset: { retries: 2 } }));
  await check("resolveIncident", () => client.resolveIncident({ incidentKey }));
  const again = await check("activateJobs", () => client.activateJobs(asked));
  const receipt = { jobKey: again.jobs[0].jobKey, variables: { receipt: 1 } };
  await check("completeJob", () => client.completeJob(receipt));
  await check("searchJobs", () => client.searchJobs({ filter }, now));
  await check("correlateMessage", () => client.correlateMessage({ name: "paid", correlationKey: order }));
}

async function readTheCase(processInstanceKey) {
  const filter = { processInstanceKey };
  const sort = [{ field: "startDate", order: "DESC" }];
  await check("searchProcessInstances", () =>
    client.searchProcessInstances({ filter: { ...filter, tags: ["of:js"] }, sort }, now),
  );
  await check("getProcessInstance", async () => {
    const found = await client.getProcessInstance({ processInstanceKey }, now);
    ensure(found.state === "COMPLETED", found.state);
  });
  await check("getProcessInstanceSequenceFlows", () =>
    client.getProcessInstanceSequenceFlows({ processInstanceKey }, now),
  );
  await check("getProcessInstanceStatistics", () =>
    client.getProcessInstanceStatistics({ processInstanceKey }, now),
  );
  await check("getProcessInstanceCallHierarchy", () =>
    client.getProcessInstanceCallHierarchy({ processInstanceKey }, now),
  );
  const steps = await check("searchElementInstances", () => client.searchElementInstances({ filter }, now));
  const { elementInstanceKey } = steps.items[0];
  await check("getElementInstance", () => client.getElementInstance({ elementInstanceKey }, now));
  const values = await check("searchVariables", () => client.searchVariables({ filter }, now));
  const { variableKey } = values.items[0];
  await check("getVariable", () => client.getVariable({ variableKey }, now));
  const log = await check("searchAuditLogs", () => client.searchAuditLogs({ filter }, now));
  const { auditLogKey } = log.items[0];
  await check("getAuditLog", () => client.getAuditLog({ auditLogKey }, now));
}

async function deployAgain(folder) {
  const newer = readFileSync(join(folder, "purchase.bpmn"), "utf8").replace('name="Purchase"', 'name="Newer"');
  const told = await client.createDeployment({ resources: [new File([newer], "purchase.bpmn")] });
  return told.processes[0].processDefinitionKey;
}

async function operate(folder) {
  const { processInstanceKey } = await start("J-2");
  const targetProcessDefinitionKey = await check("createDeployment", () => deployAgain(folder));
  const variables = { total: 12 };
  await check("createElementInstanceVariables", () =>
    client.createElementInstanceVariables({ elementInstanceKey: processInstanceKey, variables, local: false }),
  );
  const sourceElementInstruction = { sourceType: "byId", sourceElementId: "check" };
  const moveInstructions = [{ sourceElementInstruction, targetElementId: "repair" }];
  await check("modifyProcessInstance", () => client.modifyProcessInstance({ processInstanceKey, moveInstructions }));
  const mappingInstructions = [{ sourceElementId: "repair", targetElementId: "check" }];
  await check("migrateProcessInstance", () =>
    client.migrateProcessInstance({ processInstanceKey, targetProcessDefinitionKey, mappingInstructions }),
  );
  await check("cancelProcessInstance", () => client.cancelProcessInstance({ processInstanceKey }));
  await refused("cancelProcessInstance twice", 404, () => client.cancelProcessInstance({ processInstanceKey }));
  await check("publishMessage", () =>
    client.publishMessage({ name: "paid", correlationKey: "nobody", timeToLive: 1000, variables: {} }),
  );
  await refused("correlateMessage to nobody", 404, () =>
    client.correlateMessage({ name: "paid", correlationKey: "nobody waits" }),
  );
  await check("broadcastSignal", () => client.broadcastSignal({ signalName: "nobody listens", variables: {} }));
  await refused("getProcessInstance of nothing", 404, () =>
    client.getProcessInstance({ processInstanceKey: "99999999902" }, now),
  );
}

async function runAWorker() {
  const cases = 3;
  for (let number = 0; number < cases; number++)
    await client.createProcessInstance({ processDefinitionId: "charging", variables: { number } });
  await check("createJobWorker", async () => {
    const done = new Set();
    const worker = client.createJobWorker({
      jobType: "charge-card",
      maxParallelJobs: 2,
      jobTimeoutMs: 60000,
      pollTimeoutMs: 1000,
      workerName: "js",
      jobHandler: async (job) => {
        done.add(job.jobKey);
        return job.complete({ receipt: done.size });
      },
    });
    const end = Date.now() + 20000;
    while (done.size < cases && Date.now() < end) await new Promise((wake) => setTimeout(wake, 50));
    worker.stop();
    ensure(done.size === cases, `${done.size} of ${cases} jobs`);
  });
}

try {
  await check("createDeployment", () => deploy(process.argv[2]));
  await lookAtTheCluster();
  await readDefinitions();
  const { processInstanceKey } = await check("createProcessInstance", () => start("J-1"));
  await workATask(processInstanceKey);
  await workAJob(processInstanceKey, "J-1");
  await readTheCase(processInstanceKey);
  await operate(process.argv[2]);
  await runAWorker();
} catch (error) {
  failed.push(`stopped: ${error.stack}`);
}
console.log(JSON.stringify({ passed, failed }));
process.exit(0);
