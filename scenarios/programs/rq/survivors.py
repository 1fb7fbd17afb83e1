"""A worker in burst mode that comes after another one.

It does not listen for commands that somebody may send it: nobody does, and the thread for it ends only when its poll of
0.2 s does."""

from rq import Worker


class Survivor(Worker):
    def subscribe(self):
        pass

    def unsubscribe(self):
        pass


def work(server):
    Survivor(["mail"], connection=server).work(burst=True, logging_level="WARNING")
