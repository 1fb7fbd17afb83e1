# A thread of a Sidekiq process: fetches jobs and does them, until a fetch of two seconds finds nothing.
require_relative "common"
require "sidekiq/fetch"
require "sidekiq/processor"

options = { queues: ["default"], concurrency: 1 }
options[:fetch] = fetch = Sidekiq::BasicFetch.new(options)
processor = Sidekiq::Processor.new(nil, options)
while (work = fetch.retrieve_work)
  processor.send(:process, work)
end
