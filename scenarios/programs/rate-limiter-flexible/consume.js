// A request comes in: one of the five points that an address has in a minute.
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";

const redis = new Redis(process.env.REDIS_URL);
const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: "limit", points: 5, duration: 60 });
await limiter.consume("203.0.113.7");
await redis.quit();
