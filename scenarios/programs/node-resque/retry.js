// Somebody who presses "retry" for every job that has failed.
import { Queue } from "node-resque";
import { connection, jobs } from "./common.js";

const queue = new Queue({ connection }, jobs);
await queue.connect();
for (const failed of await queue.failed(0, -1)) {
  await queue.retryAndRemoveFailed(failed);
}
await queue.end();
