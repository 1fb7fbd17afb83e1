// What somebody has to do who runs a queue: jobs of workers that are gone are noted by one check, and put back
// by the next, an interval later.
import { setTimeout } from "node:timers/promises";
import Queue from "bee-queue";

const queue = new Queue("mail", {
  redis: process.env.REDIS_URL, isWorker: false, getEvents: false, stallInterval: 100,
});
await queue.checkStalledJobs();
await setTimeout(500);
await queue.checkStalledJobs();
await queue.close();
