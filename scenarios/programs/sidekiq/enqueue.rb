# Puts a job into the queue.
require_relative "common"

Send.set("jid" => "b91c5c3a5b4e4d1c8f9e7d6c").perform_async(1)
