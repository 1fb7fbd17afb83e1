// Leaves a job in the list of failed ones: a worker tries it while the mail server is down.
import { Queue, Worker } from "node-resque";
import { connection, drain, queues } from "./common.js";

const jobs = { send: async () => { throw new Error("no mail server"); } };
const queue = new Queue({ connection }, jobs);
await queue.connect();
await queue.enqueue("mail", "send", [1]);
await queue.end();
await drain(new Worker({ connection, queues }, jobs));
