# Somebody looks at the Busy page: processes that are gone leave the list, and what the others do is read.
require_relative "common"

Sidekiq::ProcessSet.new.each(&:identity)
Sidekiq::WorkSet.new.each { |process, _thread, _work| process }
