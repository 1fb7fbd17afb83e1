# The heartbeat that a Sidekiq process sends every five seconds, while 25 of its threads have a job each.
require_relative "common"
require "sidekiq/launcher"

25.times do |thread|
  payload = { "class" => "Send", "args" => [thread], "queue" => "default", "jid" => format("%024x", thread) }
  state = { queue: "default", payload: Sidekiq.dump_json(payload), run_at: Time.now.to_i }
  Sidekiq::Processor::WORKER_STATE.set("thread-#{thread}", state)
end
Sidekiq::Launcher.new(queues: ["default"], concurrency: 25, timeout: 8).send(:heartbeat)
