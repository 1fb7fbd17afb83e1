// A worker that does as many jobs as wait, and ends. What a job does is a counter of its own.
import { on } from "node:events";
import { promisify } from "node:util";
import Queue from "bee-queue";
import redis from "redis";

const client = redis.createClient(process.env.REDIS_URL);
const incr = promisify(client.incr).bind(client);
const queue = new Queue("mail", { redis: process.env.REDIS_URL, getEvents: false, removeOnSuccess: true });
let { waiting } = await queue.checkHealth();
if (waiting > 0) {
  queue.process((job) => incr(`done:${job.data.number}`));
  for await (const _ of on(queue, "succeeded")) {
    if (--waiting === 0) break;
  }
}
await queue.close();
client.quit();
