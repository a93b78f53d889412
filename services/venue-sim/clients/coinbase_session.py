#!/usr/bin/env python3
"""A session of Coinbase's own client, coinbase-advanced-py, against the simulator.

    coinbase_session.py --reprise target/release/reprise [--run replays/samples/binance-spot-20250325]

Starts `reprise venue-sim` with a certificate and an API key made for the occasion, and does what a trader does:
looks at the markets, subscribes, places orders that rest, fill and are refused, and reads everything back. Prints
one line a check and ends with an error at the first that fails. The client comes from PyPI (see venv.sh).
"""

import argparse
import contextlib
import datetime
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

PACKAGE = "coinbase-advanced-py==1.8.4"
HERE = Path(__file__).resolve().parent
DEADLINE_S = 20
PRODUCT = "BTC-USD"
KEY_NAME = "organizations/simulated/apiKeys/session"


def in_own_environment():
    """Starts this script again where the client is installed."""
    try:
        import coinbase  # noqa: F401
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


def make_certificate(folder):
    """A self-signed certificate for the loopback address, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "venue-sim")])
    now = datetime.datetime.now(datetime.timezone.utc)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback, x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def make_api_key(folder):
    """An API key: its secret as text, its public half in a file."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "api.pem").write_bytes(public)
    secret = key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return secret.decode()


@contextlib.contextmanager
def simulator(command, run, folder):
    """The simulator; yields its TLS address."""
    process = subprocess.Popen(
        [
            *command, run, "--loop", "--speed", "2", "--coinbase-tls", "127.0.0.1:0",
            "--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem",
            "--coinbase-key", f"{KEY_NAME}={folder / 'api.pem'}",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = None
        for line in process.stdout:
            if line.startswith("coinbase: https://"):
                address = line.split("//")[1].split("/")[0]
            if line.strip() == "ready":
                break
        if address is None:
            sys.exit("the simulator did not start")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def trust(client, cert):
    """This certificate alone, whatever the environment says."""
    client.session.trust_env = False
    client.session.verify = cert


class Heard:
    """Messages of a socket, and waiting for one that is as it should be."""

    def __init__(self):
        self.messages = []
        self.changed = threading.Condition()

    def __call__(self, text):
        with self.changed:
            self.messages.append(json.loads(text))
            self.changed.notify_all()

    def wait_for(self, is_it):
        with self.changed:
            self.changed.wait_for(lambda: any(map(is_it, self.messages)), DEADLINE_S)
            return next(filter(is_it, self.messages), None)

    def on(self, channel):
        return self.wait_for(lambda message: message.get("channel") == channel)

    @staticmethod
    def user_order_in(message, client_order_id, statuses):
        """The message, when it tells that the order has one of the statuses."""
        orders = [o for event in message.get("events", []) for o in event.get("orders", [])]
        mine = (o["status"] for o in orders if o["client_order_id"] == client_order_id)
        return message if any(status in statuses for status in mine) else None

    def user_order(self, client_order_id, status):
        return self.wait_for(lambda m: self.user_order_in(m, client_order_id, {status}) is m)


def rounded(amount):
    """As the simulator rounds products: half to even, twelve decimals."""
    return amount.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)


def balances(client):
    """Available and held, by currency."""
    accounts = client.get_accounts(limit=250).accounts
    amount = lambda value: Decimal(value["value"])  # noqa: E731
    return {a.currency: (amount(a.available_balance), amount(a.hold)) for a in accounts}


def look_around(client, check):
    products = {p.product_id: p for p in client.get_products().products}
    check.that("products are listed", PRODUCT in products)
    check.that("a product trades", products[PRODUCT].status, wanted="online")
    check.that("the public list is the same", len(client.get_public_products().products), wanted=len(products))
    check.that("the server tells its time", abs(int(client.get_unix_time().epoch_seconds) - time.time()) < 5)
    book = client.get_product_book(PRODUCT, limit=1).pricebook
    check.that("the book has both sides", Decimal(book.bids[0].price) < Decimal(book.asks[0].price))
    best = client.get_best_bid_ask(product_ids=[PRODUCT]).pricebooks[0]
    check.that("the best bid and ask are told", best.product_id, wanted=PRODUCT)
    permissions = client.get_api_key_permissions()
    check.that("the key may trade and not transfer", (permissions.can_trade, permissions.can_transfer), wanted=(True, False))
    fees = client.get_transaction_summary().fee_tier
    check.that("the portfolio is listed", len(client.get_portfolios().portfolios), wanted=1)
    end = int(time.time())
    candles = client.get_candles(PRODUCT, str(end - 3600), str(end + 60), "ONE_MINUTE").candles
    check.that("candles are told", len(candles) >= 1)
    check.that("trades are told", len(client.get_market_trades(PRODUCT, 5).trades) >= 1)
    field = lambda name: fees[name] if isinstance(fees, dict) else getattr(fees, name)  # noqa: E731
    return Decimal(field("maker_fee_rate")), Decimal(field("taker_fee_rate"))


def subscribe(socket, heard, check):
    socket.heartbeats()
    socket.ticker([PRODUCT])
    socket.level2([PRODUCT])
    socket.market_trades([PRODUCT])
    socket.user([PRODUCT])
    for channel in ["subscriptions", "heartbeats", "ticker", "l2_data", "market_trades", "user"]:
        check.that(f"the channel {channel} speaks", heard.on(channel) is not None)
    first = heard.on("l2_data")["events"][0]
    check.that("the book begins with a snapshot", first["type"], wanted="snapshot")
    update = lambda m: m.get("channel") == "l2_data" and m["events"][0]["type"] == "update"  # noqa: E731
    check.that("the book's updates follow", heard.wait_for(update) is not None)
    numbers = [message["sequence_num"] for message in heard.messages]
    check.that("no sequence number is missing", numbers, wanted=list(range(len(numbers))))


def rest_and_cancel(client, heard, check):
    before = balances(client)["USD"]
    bid = Decimal(client.get_product_book(PRODUCT, limit=1).pricebook.bids[0].price)
    price, size = (bid / 2).quantize(Decimal("0.01")), Decimal("0.01")
    mine = str(uuid.uuid4())
    created = client.limit_order_gtc_buy(mine, PRODUCT, str(size), str(price), post_only=True)
    check.that("an order is taken", created.success)
    order_id = created.success_response["order_id"]
    again = client.limit_order_gtc_buy(mine, PRODUCT, str(size), str(price), post_only=True)
    check.that("the same client id names the same order", again.success_response["order_id"], wanted=order_id)
    check.that("the order is open", client.get_order(order_id).order.status, wanted="OPEN")
    check.that("the socket tells that it is open", heard.user_order(mine, "OPEN") is not None)
    held = price * size * (1 + Decimal("0.006"))
    check.that("its value and fee are held", balances(client)["USD"], wanted=(before[0] - held, before[1] + held))
    edited = client.edit_order(order_id, str(size * 2), str(price))
    check.that("it is edited", edited.success)
    check.that("twice as much is held", balances(client)["USD"][1], wanted=before[1] + 2 * held)
    listed = client.list_orders(order_status=["OPEN"], product_ids=[PRODUCT]).orders
    check.that("it is listed among the open ones", [o.order_id for o in listed], wanted=[order_id])
    result = client.cancel_orders([order_id]).results[0]
    check.that("it is cancelled", result.success)
    check.that("the socket tells that it is cancelled", heard.user_order(mine, "CANCELLED") is not None)
    check.that("nothing is held any more", balances(client)["USD"], wanted=before)
    check.that("a second cancel is refused", client.cancel_orders([order_id]).results[0].success, wanted=False)


def refuse(client, check):
    ask = Decimal(client.get_product_book(PRODUCT, limit=1).pricebook.asks[0].price)
    over = (ask * 2).quantize(Decimal("0.01"))

    def refused(what, reason, **order):
        terms = {"client_order_id": str(uuid.uuid4()), "product_id": PRODUCT, "base_size": "0.01", "limit_price": str(over)}
        answer = client.limit_order_gtc_buy(**{**terms, **order})
        error = answer.error_response
        found = (answer.success, error["error"] if isinstance(error, dict) else error.error)
        check.that(what, found, wanted=(False, reason))

    refused("post-only that crosses is refused", "INVALID_LIMIT_PRICE_POST_ONLY", post_only=True)
    refused("what funds do not cover is refused", "INSUFFICIENT_FUND", base_size="1000")
    refused("an unknown product is refused", "UNKNOWN_PRODUCT_ID", product_id="NONE-USD")
    refused("a size off the increment is refused", "INVALID_SIZE_PRECISION", base_size="0.010000001")
    refused("a price off the increment is refused", "INVALID_PRICE_PRECISION", limit_price="100.001")


def market_order(client, heard, side, size):
    """Orders until one is filled whole: the recording may show less than is wanted. All their ids."""
    ids = []
    for _ in range(10):
        mine = str(uuid.uuid4())
        answer = client.market_order(mine, PRODUCT, side, **size)
        if not answer.success:
            break
        ids.append(answer.success_response["order_id"])
        over = heard.wait_for(lambda m: heard.user_order_in(m, mine, {"FILLED", "CANCELLED"}) is m)
        if over is not None and heard.user_order_in(over, mine, {"FILLED"}) is over:
            break
        time.sleep(0.5)
    return ids


def fill(client, heard, check, fees):
    """Bought and sold: what the fills say is what the balances lose and gain, to the last digit."""
    before = balances(client)
    bought = market_order(client, heard, "BUY", {"quote_size": "250.00"})
    check.that("a market order buys", client.get_order(bought[-1]).order.status, wanted="FILLED")
    sold = market_order(client, heard, "SELL", {"base_size": "0.002"})
    check.that("a market order sells", client.get_order(sold[-1]).order.status, wanted="FILLED")
    found = client.get_fills(order_ids=bought + sold).fills
    check.that("the fills of both are told", {bought[-1], sold[-1]} <= {f.order_id for f in found})
    fees_of = {"MAKER": fees[0], "TAKER": fees[1]}
    right = [
        Decimal(f.commission) == rounded(rounded(Decimal(f.price) * Decimal(f.size)) * fees_of[f.liquidity_indicator])
        for f in found
    ]
    check.that("each fee is its tier's", all(right))
    usd, btc = Decimal(0), Decimal(0)
    for one in found:
        price, size, fee = Decimal(one.price), Decimal(one.size), Decimal(one.commission)
        sign = 1 if one.side == "BUY" else -1
        usd -= sign * price * size + fee
        btc += sign * size
    after = balances(client)
    gained = {c: after[c][0] - before[c][0] for c in ["USD", "BTC"]}
    check.that("the balances are right to the last digit", gained, wanted={"USD": usd, "BTC": btc})
    last = client.get_order(bought[-1]).order
    spent = Decimal(last.filled_value) + Decimal(last.total_fees)
    check.that("a buy in quote spends no more than it was told", Decimal("249") < spent <= Decimal("250"))


def page_fills(client, check):
    newest = client.get_fills(limit=1)
    check.that("a page of fills has a cursor", bool(newest.cursor))
    older = client.get_fills(limit=1, cursor=newest.cursor)
    check.that("the next page goes on", older.fills[0].trade_id != newest.fills[0].trade_id)


def refuse_strangers(address, check, cert):
    from coinbase.rest import RESTClient
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from requests.exceptions import HTTPError

    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    client = RESTClient(api_key=KEY_NAME, api_secret=other.decode(), base_url=address)
    trust(client, cert)
    try:
        client.get_accounts()
        status = 200
    except HTTPError as error:
        status = error.response.status_code
    check.that("a signature by another key is refused", status, wanted=401)


def session(address, secret, cert, check):
    from coinbase.rest import RESTClient
    from coinbase.websocket import WSClient

    client = RESTClient(api_key=KEY_NAME, api_secret=secret, base_url=address, timeout=DEADLINE_S)
    trust(client, cert)
    time.sleep(1)  # Until something has traded.
    fees = look_around(client, check)
    heard = Heard()
    socket = WSClient(
        api_key=KEY_NAME, api_secret=secret, base_url=f"wss://{address}/ws", on_message=heard, retry=False
    )
    socket.open()
    try:
        subscribe(socket, heard, check)
        rest_and_cancel(client, heard, check)
        refuse(client, check)
        fill(client, heard, check, fees)
        page_fills(client, check)
        refuse_strangers(address, check, cert)
        socket.raise_background_exception()
    finally:
        socket.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reprise", help="the reprise binary")
    parser.add_argument("--simulator", help="another binary that takes what `reprise venue-sim` takes")
    parser.add_argument("--run", default="replays/samples/binance-spot-20250325", help="the recording")
    told = parser.parse_args()
    command = [told.simulator] if told.simulator else [told.reprise or "target/release/reprise", "venue-sim"]
    check = Checks()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        make_certificate(folder)
        secret = make_api_key(folder)
        with simulator(command, told.run, folder) as address:
            session(address, secret, str(folder / "cert.pem"), check)
    print(f"{check.passed} checks passed")


if __name__ == "__main__":
    in_own_environment()
    main()
