// One round of a scheduler: delayed jobs that are due go to the queue; of workers that have been silent for an
// hour the job is tried again.
import { Scheduler } from "node-resque";
import { connection, jobs } from "./common.js";

const scheduler = new Scheduler({ connection, retryStuckJobs: true }, jobs);
scheduler.on("error", (error) => { throw error; });
await scheduler.connect();
await scheduler.poll();
await scheduler.end();
