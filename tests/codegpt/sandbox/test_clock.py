"""A clock that stands still while nobody could have gone on."""

from codegpt.sandbox.clock import MOST, Clock


class Machine:
    """A time, and how much of it was spent waiting for a core."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited = 7.0

    def clock(self, limit_s: float) -> Clock:
        return Clock(limit_s, lambda: self.waited, lambda: self.now)


def test_on_an_idle_machine_it_is_the_wall_clock() -> None:
    machine = Machine()
    clock = machine.clock(4.0)
    assert clock.left() == 4.0
    machine.now += 3.0
    assert clock.left() == 1.0
    machine.now += 1.5
    assert clock.left() == -0.5


def test_what_was_waited_before_it_started_is_not_given_back() -> None:
    machine = Machine()
    clock = machine.clock(4.0)
    machine.now += 4.0
    assert clock.left() == 0.0


def test_what_was_waited_since_is() -> None:
    machine = Machine()
    clock = machine.clock(4.0)
    machine.now, machine.waited = machine.now + 4.0, machine.waited + 2.5
    assert clock.left() == 2.5
    machine.now, machine.waited = machine.now + 2.5, machine.waited + 1.0
    assert clock.left() == 1.0


def test_no_machine_is_so_busy_that_it_never_ends() -> None:
    machine = Machine()
    clock = machine.clock(4.0)
    machine.now, machine.waited = machine.now + 4.0, machine.waited + 1000.0
    assert clock.left() == (MOST - 1) * 4.0
    machine.now += (MOST - 1) * 4.0
    assert clock.left() == 0.0
