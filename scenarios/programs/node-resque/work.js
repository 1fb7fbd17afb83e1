// A worker: starts, does what is in the queue, ends.
import { Worker } from "node-resque";
import { connection, drain, jobs, queues } from "./common.js";

await drain(new Worker({ connection, queues }, jobs));
