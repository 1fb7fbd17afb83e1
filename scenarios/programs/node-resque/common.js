// Where Redis is, and what the jobs do: a counter of each says how often it was done.
export const connection = { host: process.env.REDIS_HOST, port: process.env.REDIS_PORT };
export const queues = ["mail"];

export const jobs = {
  async send(number) {
    await this.connection.redis.incr(`done:${number}`);
  },
};

// A worker that does what is in the queue, and ends when it finds nothing more.
export async function drain(worker) {
  worker.on("error", (error) => { throw error; });
  await worker.connect();
  const idle = new Promise((resolve) => worker.once("pause", resolve));
  await worker.start();
  await idle;
  await worker.end();
}
