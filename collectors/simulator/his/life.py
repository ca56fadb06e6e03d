"""What happens to patients: they are expected, come, move, go home, and now and then it was a mistake."""

from collections.abc import Iterator, Mapping

from collectors.simulator.his import day
from collectors.simulator.his.hospital import HOUR, Event, Spot
from collectors.simulator.his.house import SHARED, Stay
from collectors.simulator.his.world import World

HOME, ELSEWHERE, DIED = "01", "02", "20"  # PV1-36
DIES = {"icu": 0.12, "emergency": 0.05, "neonatal": 0.02, "general": 0.01}
INTENSIVE = frozenset({"icu", "neonatal"})  # nobody goes home from there
LONG = 1.4  # whom one finds lying in stays longer than whom one sees come
HEADROOM = 2.0  # how much more than usual may come where a ward is empty


class Life:
    """Each method is one thing that happens, and gives what the HIS tells of it. ``wanted``: patients by ward."""

    def __init__(self, world: World, wanted: Mapping[str, float]) -> None:
        self._world = world
        self._house = world.house
        self._chance = world.chance
        self._wanted = wanted
        self.flows = {
            ward: patients / day.STAY_DAYS.get(self._house.kind(ward), 6.0) for ward, patients in wanted.items()
        }

    def lies_in(self, ward: str) -> Iterator[Event]:
        """Somebody who lay there when it all began."""
        world = self._world
        stay = world.new_stay("I")
        ward = self._with_room(ward)
        length = day.stay(self._house.kind(ward), self._chance)
        stay.since -= int(length * self._chance.random())
        left = LONG * self._chance.random()
        yield from self._lay_down(stay, self._house.find(ward, self._chance), "A01", left)

    def admit(self) -> Iterator[Event]:
        """Somebody is admitted: from the emergency ward, as agreed, or out of the blue. Fewer where it is full."""
        chance = self._chance
        (ward,) = chance.choices(list(self.flows), list(self.flows.values()))
        wanted = self._wanted[ward]
        missing = (wanted - self._house.patients()[ward]) / max(wanted, 1.0)
        if chance.random() * HEADROOM > 1 + 4 * missing:
            return
        way = chance.random()
        waiting = [stay for stay in self._house.stays.values() if stay.kind == "E"]
        if waiting and way < 0.3:
            stay, trigger = chance.choice(waiting), "A06" if chance.random() < 0.5 else "A01"
            stay.since = self._world.at
            yield from self._lay_down(stay, self._spot_in(ward), trigger)
        elif way < 0.45:
            yield self._expect(ward)
        else:
            stay = self._world.new_stay("I")
            yield from self._lay_down(stay, self._spot_in(ward), "A01")
            if chance.random() < 0.04:
                self._world.soon(5, 60, "never_came", stay.visit, stay.step)

    def never_came(self, visit: int, step: int) -> Iterator[Event]:
        """The admission was a mistake."""
        stay = self._house.stays.get(visit)
        if stay is not None and stay.step == step and stay.kind == "I":
            self._house.leave(stay, self._world.at, "admitted")
            yield self._world.say("A11", stay)
            self._left(stay.spot)

    def came(self, visit: int, patient: int, spot: Spot) -> Iterator[Event]:
        """Who was expected is there."""
        if visit not in self._house.expected:
            return
        self._house.expected.remove(visit)
        place = self._house.place(spot)
        kept = place is not None and place.held == visit and place.empty(visit)
        self._release(visit)
        stay = Stay(visit, patient, "I", ("", "", ""), self._world.at)
        where = place.bed.spot if kept and place is not None else self._spot_in(spot[0])
        yield from self._lay_down(stay, where, "A01")

    def calls_off(self, visit: int, patient: int, spot: Spot) -> Iterator[Event]:
        """Who was expected does not come."""
        if visit in self._house.expected:
            self._house.expected.remove(visit)
            self._release(visit)
            yield self._world.say("A38", visit=visit, patient=patient, kind="I", spot=tuple(spot))

    def ends(self, visit: int, plan: int, fate: str) -> Iterator[Event]:
        """A stay is over as it was planned; from intensive care it goes on in another ward."""
        house, world, stay = self._house, self._world, self._house.stays.get(visit)
        if stay is None or stay.plan != plan:
            return
        if fate == HOME and house.kind(stay.spot[0]) in INTENSIVE:
            milder = [ward for ward in self.flows if house.kind(ward) not in INTENSIVE and house.has_room(ward)]
            if milder:
                weights = [self.flows[ward] for ward in milder]
                yield self._move(stay, house.find(self._chance.choices(milder, weights)[0], self._chance))
                self._plan_end(stay)
                return
        house.leave(stay, world.at, "died" if fate == DIED else "discharged")
        yield world.say("A03", stay, note=fate)
        self._left(stay.spot)
        if fate == HOME and self._chance.random() < 0.04:
            world.soon(5, 60, "comes_back", visit, stay.patient, stay.spot, stay.since, world.at)

    def comes_back(self, visit: int, patient: int, spot: Spot, since: int, ended: int) -> Iterator[Event]:
        """The discharge was a mistake, as long as the bed is free."""
        place = self._house.place(spot)
        if place is not None and place.empty() and visit not in self._house.stays:
            stay = Stay(visit, patient, "I", place.bed.spot, since)
            self._house.come(stay, stay.spot, self._world.at, ("discharged", ended))
            self._plan_end(stay)
            yield self._world.say("A13", stay)

    def transfer(self) -> Iterator[Event]:
        """Somebody is moved: to intensive care, to another ward, or to another bed."""
        chance, house = self._chance, self._house
        movable = [stay for stay in house.inpatients() if house.kind(stay.spot[0]) not in INTENSIVE]
        if not movable:
            return
        stay, way = chance.choice(movable), chance.random()
        before = stay.spot
        targets = [before[0]]
        if way < 0.6:
            targets = [w for w in self.flows if w != before[0] and (house.kind(w) in INTENSIVE) == (way < 0.12)]
        targets = [ward for ward in targets if house.has_room(ward)]
        if not targets:
            return
        spot = house.find(chance.choices(targets, [self.flows[ward] for ward in targets])[0], chance)
        if not spot[2] or spot == before:
            return
        yield self._move(stay, spot)
        if way < 0.12:
            self._plan_end(stay)
        if chance.random() < 0.08:
            self._world.soon(5, 40, "stays_there", stay.visit, stay.step, before, self._world.at)

    def stays_there(self, visit: int, step: int, before: Spot, moved: int) -> Iterator[Event]:
        """The transfer was a mistake, as long as the old bed is free."""
        stay, place = self._house.stays.get(visit), self._house.place(before)
        if stay is not None and stay.step == step and place is not None and place.empty():
            wrong = stay.spot
            self._house.move(stay, place.bed.spot, self._world.at, undoes=moved)
            yield self._world.say("A12", stay, prior=wrong)
            self._left(wrong)

    def settles(self, visit: int) -> Iterator[Event]:
        """Who had no bed gets one, or waits on."""
        stay = self._house.stays.get(visit)
        if stay is None or stay.spot[2]:
            return
        spot = self._house.find(stay.spot[0], self._chance)
        if spot[2]:
            yield self._move(stay, spot)
        else:
            self._world.soon(20, 90, "settles", visit)

    def swap(self) -> Iterator[Event]:
        """Two of one ward change their beds."""
        in_beds = [stay for stay in self._house.inpatients() if stay.spot in self._house.places]
        if not in_beds:
            return
        one = self._chance.choice(in_beds)
        others = [stay for stay in in_beds if stay.spot[0] == one.spot[0] and stay.spot != one.spot]
        if others:
            other, prior = self._chance.choice(others), one.spot
            self._house.swap(one, other, self._world.at)
            yield self._world.say("A17", one, prior=prior, more=(other.visit, other.patient, other.since))

    def merge(self) -> Iterator[Event]:
        """Somebody had been registered twice."""
        if inpatients := list(self._house.inpatients()):
            stay = self._chance.choice(inpatients)
            old, stay.patient = stay.patient, self._world.number("patient")
            yield self._world.say("A40", patient=stay.patient, more=(old,))

    def update(self) -> Iterator[Event]:
        """Something was written about somebody: of the beds it changes nothing."""
        if inpatients := list(self._house.inpatients()):
            yield self._world.say("A08", self._chance.choice(inpatients))

    def emergency(self) -> Iterator[Event]:
        """An emergency visit begins."""
        stay = self._world.new_stay("E", self._chance.choice(self._world.hospital.emergency))
        self._house.stays[stay.visit] = stay
        yield self._world.say("A04", stay)
        hours = min(20.0, self._chance.lognormvariate(0.9, 0.6))
        self._world.plan(self._world.now + int(hours * HOUR), "goes", stay.visit)

    def goes(self, visit: int) -> Iterator[Event]:
        """An emergency visit ends, where nobody has admitted the patient meanwhile."""
        stay = self._house.stays.get(visit)
        if stay is not None and stay.kind == "E":
            self._house.leave(stay, self._world.at, "")
            (fate,) = self._chance.choices([HOME, ELSEWHERE, DIED], [93, 6, 1])
            yield self._world.say("A03", stay, note=fate)

    def outpatient(self) -> Iterator[Event]:
        """Somebody comes to see a doctor."""
        yield self._world.say("A04", self._world.new_stay("O"))

    def _lay_down(self, stay: Stay, spot: Spot, trigger: str, share: float = 1.0) -> Iterator[Event]:
        self._house.come(stay, spot, self._world.at)
        self._plan_end(stay, share)
        if not spot[2]:
            self._world.soon(10, 60, "settles", stay.visit)
        yield self._world.say(trigger, stay)

    def _plan_end(self, stay: Stay, share: float = 1.0) -> None:
        """When it will be over and how, as far as nothing else comes between; ``share``: of an ordinary stay."""
        chance, now, kind = self._chance, self._world.now, self._house.kind(stay.spot[0])
        at = now + int(day.stay(kind, chance) * share)
        dies = DIES.get(kind, 0.003)
        (fate,) = chance.choices([DIED, ELSEWHERE, HOME], [dies, 0.04, 0.96 - dies])
        if fate == HOME and kind not in INTENSIVE:
            at = day.going_home(at, now + HOUR, chance)
        stay.plan += 1
        self._world.plan(at, "ends", stay.visit, stay.plan, fate)

    def _expect(self, ward: str) -> Event:
        """Somebody is expected in some hours; mostly a bed is kept."""
        world, house = self._world, self._house
        stay = world.new_stay("I", ward)
        ready = [place for place in house.usual(ward) if place.empty() and place.clean(world.now)]
        if ready and self._chance.random() < 0.8:
            place = self._chance.choice(ready)
            place.held, stay.spot = stay.visit, place.bed.spot
        house.expected.append(stay.visit)
        at = world.now + int(self._chance.uniform(3, 12) * HOUR)
        if self._chance.random() < 0.2:
            world.soon(30, 170, "calls_off", stay.visit, stay.patient, stay.spot)
        else:
            world.plan(at, "came", stay.visit, stay.patient, stay.spot)
        return world.say("A05", stay, more=(world.pace.wall_at(at),))

    def _release(self, visit: int) -> None:
        for place in self._house.places.values():
            if place.held == visit:
                place.held = 0

    def _move(self, stay: Stay, spot: Spot) -> Event:
        prior = stay.spot
        self._house.move(stay, spot, self._world.at)
        self._left(prior)
        return self._world.say("A02", stay, prior=prior)

    def _left(self, spot: Spot) -> None:
        """A bed was left: somebody will come and clean it."""
        place = self._house.place(spot)
        if place is not None:
            self._world.soon(5, 25, "cleans", spot, "H", place.turn)

    def _spot_in(self, ward: str) -> Spot:
        return self._house.find(self._with_room(ward), self._chance)

    def _with_room(self, ward: str) -> str:
        """This ward, or another one where it is full; in the end one where somebody may wait without a bed."""
        house = self._house
        if house.has_room(ward):
            return ward
        others = [other for other in house.wards if house.kind(other) in SHARED]
        roomy = [other for other in others if house.has_room(other)]
        if roomy:
            return self._chance.choice(roomy)
        return ward if house.kind(ward) not in INTENSIVE or not others else self._chance.choice(others)
