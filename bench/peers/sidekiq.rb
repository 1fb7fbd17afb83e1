# The heartbeat's update as Sidekiq writes it, in Ruby with redis-rb (Debian's ruby-redis): before 7.2.3
# (`pipelined`) and since (`batched-multi`). Prints for each how many updates per second, and how long
# the block takes that builds the update, in microseconds: that is the window which was published.
#
#     ruby sidekiq.rb SOCKET JOBS BYTES SECONDS [one]
#
# redis-rb writes each command by itself; Sidekiq 7 uses redis-client, which writes all at once. `one`
# makes redis-rb do so, too.
require "json"
require "redis"

unless ARGV.size == 4 || (ARGV.size == 5 && ARGV[4] == "one")
  abort "usage: ruby sidekiq.rb SOCKET JOBS BYTES SECONDS [one]"
end
socket, jobs, bytes, seconds = ARGV[0], ARGV[1].to_i, ARGV[2].to_i, ARGV[3].to_f
KEY = "app-1:4242:9f8e7d6c5b4a:work"

# Keeps what is to be written until a reply is asked for.
module OneWrite
  def write(command)
    (@unwritten ||= +"") << build_command(command)
  end

  def read
    @sock.write(@unwritten.slice!(0..)) unless @unwritten.to_s.empty?
    super
  end
end
Redis::Connection::Ruby.prepend(OneWrite) if ARGV[4]

# What the threads are working on. One job's JSON has so many bytes.
work = (1..jobs).to_h do |i|
  row = {"queue" => "default", "payload" => "", "run_at" => 1_700_000_000 + i}
  row["payload"] = "x" * (bytes - JSON.generate(row).size)
  [(47368 + 20 * i).to_s(16), row]
end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

updates = {
  "pipelined" => lambda do |redis, built|
    redis.pipelined do |pipe|
      start = now
      pipe.unlink(KEY)
      work.each_pair { |tid, row| pipe.hset(KEY, tid, JSON.generate(row)) }
      pipe.expire(KEY, 60)
      built << now - start
    end
  end,
  "batched-multi" => lambda do |redis, built|
    rows = work.transform_values { |row| JSON.generate(row) }
    redis.multi do |multi|
      start = now
      multi.unlink(KEY)
      multi.hset(KEY, rows)
      multi.expire(KEY, 60)
      built << now - start
    end
  end
}

redis = Redis.new(path: socket)
result = updates.to_h do |name, update|
  50.times { update.call(redis, []) }
  built, count, start = [], 0, now
  while now - start < seconds
    update.call(redis, built)
    count += 1
  end
  [name, {"updates_per_second" => count / (now - start), "build_us" => built.sort[built.size / 2] * 1e6}]
end
puts JSON.generate(result)
