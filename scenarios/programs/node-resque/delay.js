// Two jobs that are due at once, and are not yet in the queue.
import { Queue } from "node-resque";
import { connection, jobs } from "./common.js";

const queue = new Queue({ connection }, jobs);
await queue.connect();
const now = Date.now();
await queue.enqueueAt(now, "mail", "send", [1]);
await queue.enqueueAt(now, "mail", "send", [2]);
await queue.end();
