"""``python -m ioc.broker.iotcore FILE``: the broker of the ``iotcore`` package in this process, until it is ended."""

import logging
import signal
import sys

from iotcore import IotCoreBroker


def main() -> None:
    """Run the broker with the TOML file named on the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it traces every packet at the level of errors
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
