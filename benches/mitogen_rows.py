"""Mitogen, measured as we measure ourselves. Prints one JSON object of seconds.

usage: mitogen_rows.py call CPU_OF_MASTER CPU_OF_SLAVE | pipelined | connect
"""

import json
import os
import sys
import time

import mitogen.core
import mitogen.master

CALLS = 2000
PIPELINED = 10000
IN_FLIGHT = 200
CONNECTS = 10


def nothing():
    pass


def timed(work, count):
    """The median of how long `count` calls of `work` took."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def call(router, slave_cpu):
    context = router.local(python_path=sys.executable)
    # Every thread has a mask of its own.
    pid = context.call(os.getpid)
    for thread in os.listdir("/proc/%d/task" % pid):
        os.sched_setaffinity(int(thread), {slave_cpu})
    for _ in range(200):
        context.call(nothing)
    return timed(lambda: context.call(nothing), CALLS)


def pipelined(router):
    context = router.local(python_path=sys.executable)
    context.call(nothing)
    start = time.perf_counter()
    waiting = [context.call_async(nothing) for _ in range(IN_FLIGHT)]
    for sent in range(IN_FLIGHT, PIPELINED):
        waiting.pop(0).get().unpickle()
        waiting.append(context.call_async(nothing))
    for receiver in waiting:
        receiver.get().unpickle()
    return (time.perf_counter() - start) / PIPELINED


def connect(router):
    times = []
    for _ in range(CONNECTS):
        start = time.perf_counter()
        context = router.local(python_path=sys.executable)
        context.call(os.getpid)
        times.append(time.perf_counter() - start)
        context.shutdown(wait=True)
    return sorted(times)[len(times) // 2]


def main():
    what = sys.argv[1]
    if what == "call":
        # Before the broker's thread is there, so that it stays on the same CPU.
        os.sched_setaffinity(0, {int(sys.argv[2])})
    broker = mitogen.master.Broker()
    router = mitogen.master.Router(broker)
    try:
        measure = {
            "call": lambda: call(router, int(sys.argv[3])),
            "pipelined": lambda: pipelined(router),
            "connect": lambda: connect(router),
        }
        print(json.dumps(measure[what]()))
    finally:
        broker.shutdown()
        broker.join()


if __name__ == "__main__":
    main()
