# What every driver here has: Sidekiq on the Redis of REDIS_URL, and a job that counts how often it was done.
require "sidekiq"
require "sidekiq/api"

Sidekiq.logger.level = Logger::WARN
Redis.silence_deprecations = true

class Send
  include Sidekiq::Worker

  def perform(number)
    Sidekiq.redis { |redis| redis.incr("done:#{number}") }
  end
end
