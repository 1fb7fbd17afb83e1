// Adds a job.
import Queue from "bee-queue";

const queue = new Queue("mail", { redis: process.env.REDIS_URL, isWorker: false, getEvents: false });
await queue.createJob({ number: 1 }).save();
await queue.close();
