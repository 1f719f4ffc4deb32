"""Mitogen, measured as we measure ourselves. Prints one JSON object of seconds.

usage: mitogen_rows.py call CPU_OF_MASTER CPU_OF_SLAVE | pipelined | connect
       | ssh PORT KEY CONFIG | hops COUNT | scatter CONTEXTS | file MIB HOPS | idle
"""

import json
import os
import sys
import tempfile
import time

import mitogen.core
import mitogen.master
import mitogen.service

CALLS = 2000
PIPELINED = 10000
IN_FLIGHT = 200
CONNECTS = 10
IDLE = 20


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


def ssh(router, port, key, config):
    times = []
    for _ in range(CONNECTS + 1):
        start = time.perf_counter()
        context = router.ssh(
            hostname="127.0.0.1", port=port, username="root", identity_file=key,
            python_path="/usr/bin/python3", ssh_args=["-F", config],
        )
        context.call(os.getpid)
        times.append(time.perf_counter() - start)
        context.shutdown(wait=True)
    # The first one packs what is sent to all.
    return sorted(times[1:])[CONNECTS // 2]


def chain(router, count):
    context = router.local(python_path=sys.executable)
    for _ in range(count - 1):
        context = router.local(python_path=sys.executable, via=context)
    return context


def hops(router, count):
    context = chain(router, count)
    for _ in range(200):
        context.call(nothing)
    return timed(lambda: context.call(nothing), CALLS)


def scatter(router, count):
    contexts = [router.local(python_path=sys.executable) for _ in range(count)]

    def once():
        waiting = [context.call_async(nothing) for context in contexts]
        for receiver in waiting:
            receiver.get().unpickle()

    for _ in range(5):
        once()
    return timed(once, 50)


def receive(context, path, target):
    part = target + ".part"
    with open(part, "wb") as file:
        ok, _ = mitogen.service.FileService.get(context, path, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(part, target)
    return ok


def file(router, mib, count):
    service = mitogen.service.FileService(router)
    pool = mitogen.service.Pool(router, services=[service], size=2)
    try:
        with tempfile.TemporaryDirectory() as directory:
            source = os.path.join(directory, "a")
            block = os.urandom(1 << 20)
            with open(source, "wb") as out:
                for _ in range(mib):
                    out.write(block)
            service.register(source)
            context = chain(router, count)
            context.call(nothing)
            times = []
            for _ in range(3):
                start = time.perf_counter()
                assert context.call(receive, router.myself(), source, source + "2")
                times.append(time.perf_counter() - start)
            return min(times)
    finally:
        pool.stop()


def idle(router):
    total = 0
    contexts = [router.local(python_path=sys.executable) for _ in range(IDLE)]
    time.sleep(0.5)
    for context in contexts:
        with open("/proc/%d/smaps_rollup" % context.call(os.getpid)) as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total / IDLE


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
            "ssh": lambda: ssh(router, int(sys.argv[2]), sys.argv[3], sys.argv[4]),
            "hops": lambda: hops(router, int(sys.argv[2])),
            "scatter": lambda: scatter(router, int(sys.argv[2])),
            "file": lambda: file(router, int(sys.argv[2]), int(sys.argv[3])),
            "idle": lambda: idle(router),
        }
        print(json.dumps(measure[what]()))
    finally:
        broker.shutdown()
        broker.join()


if __name__ == "__main__":
    main()
