/**
 * The call of starter.py in TypeScript: `node create.js request.json` creates the link, or joins its creation.
 *
 * It prints one JSON object, schemas/create-result.json; or, with exit code 1, {"error": schemas/error-details.json}.
 */
import { readFile } from 'node:fs/promises';
import {
  ApplicationFailure,
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';

type Request = { deployment: string; name: string };
type Joined = { link: string; operation: string; saga_id: string };

async function create(client: Client, request: Request): Promise<unknown> {
  const workflowId = `privatelink:${request.deployment}:${request.name}`;
  const startWorkflowOperation = new WithStartWorkflowOperation('CreatePrivateLink', {
    workflowId,
    taskQueue: 'privatelink',
    args: [request],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  // One call: a saga that runs with another request refuses to be joined.
  const joined = (await client.workflow.executeUpdateWithStart('join', {
    args: [{ operation: 'create', request }],
    startWorkflowOperation,
  })) as Joined;
  return await client.workflow.getHandle(workflowId, joined.saga_id).result();
}

/** The error's details; they name the type, what to do, and what was left behind. */
function details(error: unknown): unknown {
  const failed = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError;
  if (failed && error.cause instanceof ApplicationFailure) {
    return error.cause.details?.[0] ?? { type: error.cause.type, message: error.cause.message };
  }
  throw error;
}

const request = JSON.parse(await readFile(process.argv[2] ?? 'request.json', 'utf8')) as Request;
const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233' });
try {
  const client = new Client({ connection, namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default' });
  console.log(JSON.stringify(await create(client, request)));
} catch (error) {
  console.log(JSON.stringify({ error: details(error) }));
  process.exitCode = 1;
} finally {
  await connection.close();
}
