#!/usr/bin/env python3
"""A session of Hyperliquid's own client, hyperliquid-python-sdk, against the simulator.

    hyperliquid_session.py --reprise target/release/reprise [--run replays/samples/binance-spot-20250325]

Starts `reprise venue-sim` and does what a trader does with a wallet made for the occasion: looks at the markets,
subscribes, places orders that rest, fill and are refused, and reads everything back. Prints one line a check and
ends with an error at the first that fails. The client comes from PyPI (see venv.sh). It signs for the test network
whenever its address is not that of the main one, so the simulator is told to be the test network.
"""

import argparse
import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

PACKAGE = "hyperliquid-python-sdk==0.24.0"
HERE = Path(__file__).resolve().parent
DEADLINE_S = 20
COIN = "BTC"
MONEY = Decimal(100_000)
TAKER, MAKER = Decimal("0.00045"), Decimal("0.00015")
GTC, IOC, ALO = ({"limit": {"tif": tif}} for tif in ["Gtc", "Ioc", "Alo"])


def in_own_environment():
    """Starts this script again where the client is installed."""
    try:
        import hyperliquid  # noqa: F401
    except ImportError:
        if os.environ.get("VENUE_SIM_IN_VENV"):
            sys.exit("the client is not installed although its environment was made")
        os.environ["VENUE_SIM_IN_VENV"] = "1"
        os.execv("/bin/sh", ["sh", str(HERE / "venv.sh"), PACKAGE, __file__, *sys.argv[1:]])


class Checks:
    def __init__(self):
        self.passed = 0

    def that(self, what, found, *, wanted=True):
        is_right = bool(found) if wanted is True else found == wanted
        if not is_right:
            detail = "" if wanted is True else f": found {found!r}, wanted {wanted!r}"
            print(f"FAILED  {what}{detail}")
            sys.exit(1)
        self.passed += 1
        print(f"ok      {what}")


@contextlib.contextmanager
def simulator(command, run):
    """The simulator; yields its address."""
    process = subprocess.Popen(
        [*command, run, "--loop", "--speed", "2", "--hyperliquid", "127.0.0.1:0", "--network", "testnet"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = None
        for line in process.stdout:
            if line.startswith("hyperliquid: http://"):
                address = line.split("//")[1].split("/")[0]
            if line.strip() == "ready":
                break
        if address is None:
            sys.exit("the simulator did not start")
        yield f"http://{address}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


class Heard:
    """Messages of a socket, and waiting for one that is as it should be."""

    def __init__(self):
        self.messages = []
        self.changed = threading.Condition()

    def __call__(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait_for(self, is_it):
        with self.changed:
            self.changed.wait_for(lambda: any(map(is_it, self.messages)), DEADLINE_S)
            return next(filter(is_it, self.messages), None)

    def on(self, channel):
        return self.wait_for(lambda message: message["channel"] == channel)

    def order(self, oid, status):
        def is_it(message):
            if message["channel"] != "orderUpdates":
                return False
            return any(u["order"]["oid"] == oid and u["status"] == status for u in message["data"])

        return self.wait_for(is_it)

    def fill(self, oid):
        def is_it(message):
            return message["channel"] == "userFills" and any(f["oid"] == oid for f in message["data"]["fills"])

        return self.wait_for(is_it)


def status_of(answer):
    """The one order's answer, or why the whole action was refused."""
    if answer["status"] == "err":
        return answer["response"]
    return answer["response"]["data"]["statuses"][0]


def near(mid, factor):
    """A price that follows the rule: five significant digits; BTC has at most one decimal."""
    return round(float(f"{float(mid) * factor:.5g}"), 1)


def look_around(info, me, check):
    meta = info.meta()
    names = [asset["name"] for asset in meta["universe"]]
    check.that("coins are listed", COIN in names)
    check.that("a coin's sizes have its decimals", meta["universe"][names.index(COIN)]["szDecimals"], wanted=5)
    _, contexts = info.meta_and_asset_ctxs()
    check.that("every coin is marked", [Decimal(one["markPx"]) > 0 for one in contexts], wanted=[True] * len(names))
    check.that("every coin has a mid", sorted(info.all_mids()), wanted=sorted(names))
    book = info.l2_snapshot(COIN)
    check.that("the book has both sides", Decimal(book["levels"][0][0]["px"]) < Decimal(book["levels"][1][0]["px"]))
    now = int(time.time() * 1000)
    candles = info.candles_snapshot(COIN, "1m", now - 3_600_000, now)
    check.that("candles are told", len(candles) >= 1 and candles[0]["s"] == COIN)
    spot, _ = info.spot_meta_and_asset_ctxs()
    check.that("spot has no pairs and knows the dollar", (spot["universe"], spot["tokens"][0]["name"]), wanted=([], "USDC"))
    state = info.user_state(me)
    check.that("the wallet has its money", Decimal(state["withdrawable"]), wanted=MONEY)
    check.that("nothing is open", (info.open_orders(me), info.user_fills(me)), wanted=([], []))
    fees = info.user_fees(me)
    check.that("the fees are told", (Decimal(fees["userCrossRate"]), Decimal(fees["userAddRate"])), wanted=(TAKER, MAKER))
    check.that("the wallet is a user", info.user_role(me)["role"], wanted="user")
    check.that("requests are counted", info.user_rate_limit(me)["nRequestsCap"] >= 10_000)


def subscribe(info, heard, me, check):
    coin, user = {"coin": COIN}, {"user": me}
    for kind, terms in [
        ("l2Book", coin), ("bbo", coin), ("trades", coin), ("activeAssetCtx", coin), ("candle", {**coin, "interval": "1m"}),
        ("allMids", {}), ("orderUpdates", user), ("userFills", user), ("userEvents", user), ("userFundings", user),
    ]:  # fmt: skip
        info.subscribe({"type": kind, **terms}, heard)
    for channel in ["l2Book", "bbo", "trades", "activeAssetCtx", "candle", "allMids", "userFills", "userFundings"]:
        check.that(f"the channel {channel} speaks", heard.on(channel) is not None)
    check.that("old fills come first", heard.on("userFills")["data"].get("isSnapshot"))
    levels = heard.on("l2Book")["data"]["levels"]
    prices = [[Decimal(level["px"]) for level in side] for side in levels]
    check.that("bids fall and asks rise", prices, wanted=[sorted(prices[0], reverse=True), sorted(prices[1])])
    books = lambda message: message["channel"] == "l2Book" and message["data"]["time"] > first  # noqa: E731
    first = heard.on("l2Book")["data"]["time"]
    check.that("books go on", heard.wait_for(books) is not None)


def rest_and_cancel(exchange, info, heard, me, check):
    from hyperliquid.utils.types import Cloid

    price = near(info.all_mids()[COIN], 0.8)
    mine = Cloid.from_int(secrets.randbits(127))
    resting = status_of(exchange.order(COIN, True, 0.01, price, GTC, cloid=mine))
    check.that("an order rests", "resting" in resting and resting["resting"]["cloid"] == mine.to_raw())
    oid = resting["resting"]["oid"]
    check.that("the socket tells that it is open", heard.order(oid, "open") is not None)
    listed = info.open_orders(me)
    found = [(o["oid"], o["coin"], o["side"], float(o["limitPx"]), o["sz"], o["cloid"]) for o in listed]
    check.that("it is listed as it was sent", found, wanted=[(oid, COIN, "B", price, "0.01", mine.to_raw())])
    check.that("it is found by its number", info.query_order_by_oid(me, oid)["order"]["status"], wanted="open")
    check.that("it is found by its cloid", info.query_order_by_cloid(me, mine)["order"]["order"]["oid"], wanted=oid)
    check.that("another number is not known", info.query_order_by_oid(me, 7)["status"], wanted="unknownOid")
    held = MONEY - Decimal(info.user_state(me)["withdrawable"])
    value = Decimal(str(price)) * Decimal("0.01")
    check.that("its margin and fee are held", held, wanted=value / 20 + value * TAKER)
    changed = status_of(exchange.modify_order(mine, COIN, True, 0.02, price, GTC, cloid=mine))
    other = changed["resting"]["oid"]
    check.that("modified it has another number", other != oid)
    check.that("the old one is canceled", info.query_order_by_oid(me, oid)["order"]["status"], wanted="canceled")
    check.that("the cloid is the new one's", info.query_order_by_cloid(me, mine)["order"]["order"]["oid"], wanted=other)
    check.that("it is canceled", status_of(exchange.cancel(COIN, other)), wanted="success")
    check.that("the socket tells that it is canceled", heard.order(other, "canceled") is not None)
    again = status_of(exchange.cancel(COIN, other))
    gone = "Order was never placed, already canceled, or filled. asset="
    check.that("a second cancel is refused", again["error"].startswith(gone))
    resting = status_of(exchange.order(COIN, False, 0.01, near(price, 1.5), ALO, cloid=mine))
    check.that("a post-only order rests", "resting" in resting)
    check.that("it is canceled by its cloid", status_of(exchange.cancel_by_cloid(COIN, mine)), wanted="success")
    check.that("nothing is held any more", Decimal(info.user_state(me)["withdrawable"]), wanted=MONEY)


def refuse(exchange, info, check):
    from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

    mid = info.all_mids()[COIN]
    low, high = near(mid, 0.8), near(mid, 1.2)

    def refused(what, words, size, price, kind=GTC, **terms):
        found = status_of(exchange.order(COIN, True, size, price, kind, **terms))
        reason = found["error"] if isinstance(found, dict) and "error" in found else found
        check.that(what, isinstance(reason, str) and reason.startswith(words), wanted=True)

    refused("less than ten dollars is refused", "Order must have minimum value of $10.", 0.00001, low)
    refused("a price with six digits is refused", "Price must be divisible by tick size.", 0.01, round(low + 0.1, 1))
    refused("a size with too many decimals is refused", "Order has invalid size.", 0.0100001, low)
    refused("post-only that crosses is refused", "Post only order would have immediately matched, bbo was", 0.01, high, ALO)
    refused("reduce-only without a position is refused", "Reduce only order would increase position.", 0.01, high, reduce_only=True)
    refused("what the margin does not cover is refused", "Insufficient margin to place order.", 100.0, low)
    refused("what finds nothing at once is refused", "Order could not immediately match", 0.01, low, IOC)
    refused("a price out of all proportion is refused", "Order price cannot be more than 95% away", 0.01, near(mid, 2.5))
    exchange.set_expires_after(get_timestamp_ms() - 1_000)
    refused("what came too late is refused", "Action expired", 0.01, low)
    exchange.set_expires_after(None)

    def send(nonce):
        action = {"type": "noop"}
        signature = sign_l1_action(exchange.wallet, action, None, nonce, None, False)
        return exchange._post_action(action, signature, nonce)

    nonce = get_timestamp_ms()
    check.that("an action that does nothing is taken", send(nonce)["status"], wanted="ok")
    check.that("a nonce is used once", send(nonce)["response"].startswith("Invalid nonce: duplicate nonce"))
    check.that("a nonce of last week is refused", send(nonce - 7 * 86_400_000)["status"], wanted="err")
    check.that("leverage has its limit", exchange.update_leverage(1_000, COIN)["status"], wanted="err")
    check.that("a cancel is scheduled five seconds ahead", exchange.schedule_cancel(get_timestamp_ms() + 1_000)["status"], wanted="err")


def fill(exchange, info, heard, me, check):
    """Bought and sold: what the fills say is what the account loses and gains, to the last digit."""
    check.that("leverage is set", exchange.update_leverage(10, COIN)["status"], wanted="ok")
    bought = status_of(exchange.market_open(COIN, True, 0.01))["filled"]
    check.that("a market order fills", bought["totalSz"], wanted="0.01")
    check.that("the socket tells of the fill", heard.fill(bought["oid"]) is not None)
    check.that("the socket tells that it is filled", heard.order(bought["oid"], "filled") is not None)
    position = info.user_state(me)["assetPositions"][0]["position"]
    check.that("the position is what was bought", (position["coin"], position["szi"]), wanted=(COIN, "0.01"))
    check.that("it was entered at the average price", Decimal(position["entryPx"]), wanted=Decimal(bought["avgPx"]))
    check.that("its leverage is what was set", position["leverage"], wanted={"type": "cross", "value": 10})
    exits(exchange, info, heard, me, check)
    sold = status_of(exchange.market_close(COIN))["filled"]
    check.that("closed it is all sold", sold["totalSz"], wanted="0.01")
    state = info.user_state(me)
    check.that("no position is left", state["assetPositions"], wanted=[])
    fills = info.user_fills(me)
    check.that("both were filled", {f["oid"] for f in fills}, wanted={bought["oid"], sold["oid"]})
    gained = Decimal(0)
    for one in fills:
        value, fee = Decimal(one["px"]) * Decimal(one["sz"]), Decimal(one["fee"])
        check.that("the fee is the tier's", fee, wanted=value * (TAKER if one["crossed"] else MAKER))
        gained += (value if one["side"] == "A" else -value) - fee
    closed = sum(Decimal(f["closedPnl"]) - Decimal(f["fee"]) for f in fills)
    check.that("closed profit is what the prices say", closed, wanted=gained)
    check.that("the money is right to the last digit", Decimal(state["marginSummary"]["accountValue"]), wanted=MONEY + gained)
    later = info.user_fills_by_time(me, fills[0]["time"])
    check.that("fills are found by time", later[-1]["tid"], wanted=fills[0]["tid"])
    closing = next(f for f in fills if f["oid"] == sold["oid"])
    check.that("a fill says what it did", closing["dir"], wanted="Close Long")


def exits(exchange, info, heard, me, check):
    """A stop and a target for the position: both wait, and one is as good as its terms."""
    mid = info.all_mids()[COIN]
    terms = [("sl", near(mid, 0.9)), ("tp", near(mid, 1.1))]
    orders = [
        {
            "coin": COIN, "is_buy": False, "sz": 0.01, "limit_px": price, "reduce_only": True,
            "order_type": {"trigger": {"isMarket": True, "triggerPx": price, "tpsl": kind}},
        }
        for kind, price in terms
    ]  # fmt: skip
    answer = exchange.bulk_orders(orders, grouping="positionTpsl")
    check.that("exits wait", answer["response"]["data"]["statuses"], wanted=["waitingForTrigger"] * 2)
    waiting = {o["orderType"]: o for o in info.frontend_open_orders(me)}
    check.that("both are listed", sorted(waiting), wanted=["Stop Market", "Take Profit Market"])
    stop = waiting["Stop Market"]
    check.that("the stop is as it was sent", (float(stop["triggerPx"]), stop["isTrigger"]), wanted=(terms[0][1], True))
    wrong = [{**orders[0], "order_type": {"trigger": {"isMarket": True, "triggerPx": terms[1][1], "tpsl": "sl"}}}]
    refused = status_of(exchange.bulk_orders(wrong))
    check.that("a stop on the wrong side is refused", refused["error"].startswith("Invalid TP/SL price."))
    cancels = [{"coin": COIN, "oid": o["oid"]} for o in waiting.values()]
    answer = exchange.bulk_cancel(cancels)
    check.that("exits are canceled", answer["response"]["data"]["statuses"], wanted=["success"] * 2)


def trade_by_agent(exchange, info, base_url, me, check):
    import eth_account
    from hyperliquid.exchange import Exchange

    answer, key = exchange.approve_agent("session")
    check.that("an agent is approved", answer["status"], wanted="ok")
    agent = eth_account.Account.from_key(key)
    check.that("it is listed", [a["address"] for a in info.extra_agents(me)], wanted=[agent.address.lower()])
    by_agent = Exchange(agent, base_url, account_address=me)
    without_proxy(by_agent, by_agent.info)
    resting = status_of(by_agent.order(COIN, True, 0.01, near(info.all_mids()[COIN], 0.8), GTC))
    oid = resting["resting"]["oid"]
    check.that("its order is the master's", [o["oid"] for o in info.open_orders(me)], wanted=[oid])
    check.that("the master cancels it", status_of(exchange.cancel(COIN, oid)), wanted="success")


def cancel_on_schedule(exchange, info, heard, me, check):
    from hyperliquid.utils.signing import get_timestamp_ms

    oid = status_of(exchange.order(COIN, True, 0.01, near(info.all_mids()[COIN], 0.8), GTC))["resting"]["oid"]
    check.that("a cancel is scheduled", exchange.schedule_cancel(get_timestamp_ms() + 5_500)["status"], wanted="ok")
    check.that("it strikes", heard.order(oid, "scheduledCancel") is not None)


def without_proxy(*clients):
    """Nothing between the client and the loopback address, whatever the environment says."""
    for client in clients:
        client.session.trust_env = False


def session(base_url, check):
    import eth_account
    from hyperliquid.exchange import Exchange
    from hyperliquid.info import Info

    wallet = eth_account.Account.create()
    me = wallet.address
    time.sleep(1)  # Until something has traded.
    info, exchange = Info(base_url, timeout=DEADLINE_S), Exchange(wallet, base_url, timeout=DEADLINE_S)
    without_proxy(info, exchange, exchange.info)
    heard = Heard()
    try:
        look_around(info, me, check)
        subscribe(info, heard, me, check)
        rest_and_cancel(exchange, info, heard, me, check)
        refuse(exchange, info, check)
        fill(exchange, info, heard, me, check)
        trade_by_agent(exchange, info, base_url, me, check)
        cancel_on_schedule(exchange, info, heard, me, check)
    finally:
        info.disconnect_websocket()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reprise", help="the reprise binary")
    parser.add_argument("--simulator", help="another binary that takes what `reprise venue-sim` takes")
    parser.add_argument("--run", default="replays/samples/binance-spot-20250325", help="the recording")
    told = parser.parse_args()
    command = [told.simulator] if told.simulator else [told.reprise or "target/release/reprise", "venue-sim"]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    check = Checks()
    with simulator(command, told.run) as base_url:
        session(base_url, check)
    print(f"{check.passed} checks passed")


if __name__ == "__main__":
    in_own_environment()
    main()
