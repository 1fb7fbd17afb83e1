// Puts a job into the queue.
import { Queue } from "node-resque";
import { connection, jobs } from "./common.js";

const queue = new Queue({ connection }, jobs);
await queue.connect();
await queue.enqueue("mail", "send", [1]);
await queue.end();
