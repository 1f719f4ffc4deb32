"""Mitogen, measured as we measure ourselves. Prints one JSON object of seconds.

usage: mitogen_rows.py CPU_OF_MASTER CPU_OF_SLAVE
"""

import json
import os
import sys
import time

import mitogen.core
import mitogen.master


def nothing():
    pass


def median(times):
    return sorted(times)[len(times) // 2]


def timed(work, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main():
    master, slave = (int(argument) for argument in sys.argv[1:3])
    broker = mitogen.master.Broker()
    router = mitogen.master.Router(broker)
    try:
        # The whole program shares the CPUs that it was started with; only the slave is moved.
        os.sched_setaffinity(0, {master})
        context = router.local(python_path=sys.executable)
        os.sched_setaffinity(context.call(os.getpid), {slave})
        for _ in range(200):
            context.call(nothing)
        call = timed(lambda: context.call(nothing), 2000)

        # The master's calls in flight, as our own pipelined row has them.
        count, in_flight = 10000, 200
        start = time.perf_counter()
        waiting = [context.call_async(nothing) for _ in range(in_flight)]
        for sent in range(in_flight, count):
            waiting.pop(0).get().unpickle()
            waiting.append(context.call_async(nothing))
        for receiver in waiting:
            receiver.get().unpickle()
        pipelined = (time.perf_counter() - start) / count

        def connect():
            other = router.local(python_path=sys.executable)
            other.call(os.getpid)
            other.shutdown(wait=False)

        print(json.dumps({"call": call, "pipelined": pipelined, "connect": timed(connect, 10)}))
    finally:
        broker.shutdown()
        broker.join()


if __name__ == "__main__":
    main()
