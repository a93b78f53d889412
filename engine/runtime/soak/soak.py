#!/usr/bin/env python3
"""A paper run that is killed again and again, and must never lose what it said was durable.

    python3 engine/runtime/soak/soak.py --reprise target/release/reprise --minutes 30

Starts `reprise venue-sim` on loopback, starts `reprise run --mode paper` against it, kills the run with SIGKILL every
so often and takes it up again with --resume. Checked at every kill: the journal that recovery finds reaches at least
as far as the last number the run had said was durable. Checked at the end: the journal's chain, every decision, and
that memory and open files did not grow. Needs nothing but Python 3 and Linux; ends by itself.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reprise", default=str(ROOT / "target/release/reprise"))
    parser.add_argument("--recording", default=str(ROOT / "replays/samples/binance-spot-20250325"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kill-every", type=float, default=60, help="seconds")
    parser.add_argument("--speed", type=float, default=10, help="of the recording; 10 is about 5,000 events/s of both venues")
    parser.add_argument("--work", help="the folder to work in; a temporary one when left out")
    return parser.parse_args()


class Simulator:
    """The venues, on loopback."""

    def __init__(self, options):
        command = [options.reprise, "venue-sim", options.recording, "--loop", "--speed", str(options.speed),
                   "--coinbase", "127.0.0.1:0", "--hyperliquid", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.urls = {}
        for line in self.process.stdout:
            if line.startswith("coinbase:"):
                rest, market, user = line.split()[1:4]
                self.urls |= {"coinbase.rest_url": rest, "coinbase.ws_url": market, "coinbase.ws_user_url": user}
            if line.startswith("hyperliquid:"):
                words = line.split()
                self.urls |= {"hyperliquid.rest_url": words[1].removesuffix("/info"), "hyperliquid.ws_url": words[-1]}
            if line.strip() == "ready":
                return
        sys.exit("the simulator did not become ready")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


class Run:
    """One epoch of the paper run."""

    def __init__(self, options, simulator, folder, is_first):
        command = [options.reprise, "run", "--mode", "paper", "--json", "--set", "runtime.status_s=1",
                   "--set", "journal.durability=orders", "--set", "runtime.snapshot_s=10"]
        for key, url in simulator.urls.items():
            command += ["--set", f"venues.{key}={url}"]
        command += ["-o", folder] if is_first else ["--resume", folder]
        self.began = time.monotonic()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.status, self.ended, self.ready_s = {}, None, None
        self.peak_kib, self.files = 0, 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "status" in said:
                if self.ready_s is None:
                    self.ready_s = time.monotonic() - self.began
                self.status = said["status"]
                self.look()
            self.ended = said.get("ended", self.ended)

    def look(self):
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text()
            self.files = max(self.files, len(os.listdir(f"/proc/{self.process.pid}/fd")))
        except OSError:
            return
        self.peak_kib = max(self.peak_kib, int(re.search(r"VmRSS:\s+(\d+)", text)[1]))

    def let_live(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        sys.exit(f"the run ended by itself with {self.process.returncode}:\n{self.said()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.reader.join()
        if code != 0:
            sys.exit(f"the run ended with {code}:\n{self.said()}")

    def said(self):
        self.log.seek(0)
        return self.log.read()


def check(command):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    print(f"{' '.join(command[1:3])}: exit {done.returncode} in {time.monotonic() - began:.1f} s: "
          f"{(done.stdout.strip() or done.stderr.strip()).splitlines()[0]}")
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def soak(options, work):
    folder = str(Path(work) / "run")
    simulator = Simulator(options)
    epochs, acknowledged = [], 0
    until = time.monotonic() + options.minutes * 60
    print("epoch  up to seq      durable  recovered  resumed in  memory  files  events/s")
    try:
        while time.monotonic() < until:
            run = Run(options, simulator, folder, not epochs)
            run.let_live(min(options.kill_every, max(1.0, until - time.monotonic())))
            is_last = time.monotonic() >= until
            run.end() if is_last else run.kill()
            recovered = re.search(r"whole up to seq (\d+)", run.said())
            recovered = int(recovered[1]) if recovered else 0
            if recovered < acknowledged:
                sys.exit(f"seq {acknowledged} was said to be durable, and recovery found {recovered}")
            acknowledged = run.status.get("durable", 0)
            epochs.append(run)
            print(f"{len(epochs):5}  {run.status.get('seq', 0):9}  {acknowledged:11}  {recovered:9}  "
                  f"{run.ready_s or 0:8.1f} s  {run.peak_kib // 1024:3} MB  {run.files:5}  "
                  f"{run.status.get('events_per_s', 0):8.0f}", flush=True)
            if acknowledged == 0:
                sys.exit(f"nothing became durable:\n{run.said()}")
    finally:
        simulator.stop()
    check([options.reprise, "journal", "verify", folder])
    check([options.reprise, "verify", folder])
    judge(epochs)


def judge(epochs):
    """Memory and files of the later epochs against the second: the first has nothing to take up."""
    if len(epochs) < 4:
        print("too few epochs to tell whether memory grows")
        return
    for what, of in [("memory", lambda run: run.peak_kib), ("open files", lambda run: run.files)]:
        early, late = of(epochs[1]), max(of(run) for run in epochs[-3:])
        print(f"{what}: {early} in the second epoch, {late} at most in the last three")
        if late > early * 1.5 + 8:
            sys.exit(f"{what} grew")


def main():
    options = arguments()
    if options.work:
        soak(options, options.work)
    else:
        with tempfile.TemporaryDirectory() as work:
            soak(options, work)
    print("nothing that was durable was lost")


main()
