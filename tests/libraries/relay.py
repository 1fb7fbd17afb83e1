#!/usr/bin/python3
"""A program whose server has no port, and which may die behind a command of its own.

    relay.py SOCKET WORDS PROGRAM [ARGUMENT]..

Runs PROGRAM with REDIS_URL, REDIS_HOST and REDIS_PORT of a relay to the redis-server at SOCKET, and ends as it does.
Unless WORDS are "-", it gets SIGKILL, with all that it has started, as soon as it has sent a command that begins with
them: that one the server executes, and no other. It fails if there was none."""

import os
import signal
import socket
import subprocess
import sys
import threading

server, wanted, program = sys.argv[1], sys.argv[2].lower().split(), sys.argv[3:]
lock = threading.Lock()  # one command at a time
killed = executed = False


def commands(stream):
    """Each command that comes, as it is, and its words."""
    while head := stream.readline():
        raw, words = [head], []
        for _ in range(int(head[1:])):
            size = stream.readline()
            word = stream.read(int(size[1:]) + 2)
            raw += [size, word]
            words.append(word[:-2].decode("latin1").lower())
        yield b"".join(raw), words


def answer(there, client):
    try:
        while data := there.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)  # as the server did
    except OSError:
        pass


def relay(client):
    global killed, executed
    there = socket.socket(socket.AF_UNIX)
    there.connect(server)
    answers = threading.Thread(target=answer, args=(there, client), daemon=True)
    answers.start()
    try:
        for raw, words in commands(client.makefile("rb")):
            with lock:
                if killed:
                    return
                there.sendall(raw)
                if wanted != ["-"] and words[: len(wanted)] == wanted:
                    killed = True
                    os.killpg(child.pid, signal.SIGKILL)
                    there.shutdown(socket.SHUT_WR)
                    answers.join()  # the server has hung up, and so has executed it
                    executed = True
                    return
        there.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def accept():
    while True:
        threading.Thread(target=relay, args=(listener.accept()[0],), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
environment = dict(os.environ, REDIS_URL=f"redis://127.0.0.1:{port}/0", REDIS_HOST="127.0.0.1", REDIS_PORT=str(port))
child = subprocess.Popen(program, env=environment, start_new_session=True)
threading.Thread(target=accept, daemon=True).start()
status = child.wait()
with lock:  # whoever killed it has seen to it that the command was executed
    os._exit((not executed) if wanted != ["-"] else status != 0)
