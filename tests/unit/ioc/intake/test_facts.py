import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import BedStatus, Disposition, Fact, FactKind, Quality, Spot, VisitClass
from ioc.intake.facts import pack_facts, unpack_facts

times = st.integers(0, 2**63 - 1)
digests = st.text("0123456789abcdef", max_size=32)
codes = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
spots = st.builds(Spot, codes, codes, codes)
facts = st.builds(
    Fact,
    message=digests,
    part=st.integers(0, 99),
    kind=st.sampled_from(FactKind),
    facility=codes,
    source=codes,
    occurred_ns=times,
    sent_ns=times,
    received_ns=times,
    control=digests,
    sequence=times,
    visit=digests,
    patient=digests,
    other_patient=digests,
    visit_class=st.sampled_from(VisitClass),
    spot=spots,
    prior=spots,
    disposition=st.sampled_from(Disposition),
    bed_status=st.none() | st.sampled_from(BedStatus),
    quality=st.sampled_from(Quality),
    skewed=st.booleans(),
)


@given(st.lists(facts, max_size=5))
def test_facts_come_back_as_they_were(its: list[Fact]) -> None:
    back = unpack_facts(pack_facts(its))
    assert back == its
    for fact in back:
        assert isinstance(fact.kind, FactKind)
        assert isinstance(fact.quality, Quality)
        assert fact.bed_status is None or isinstance(fact.bed_status, BedStatus)


def test_a_fact_of_a_version_that_said_less_takes_the_defaults() -> None:
    body = pack_facts([Fact("m", 0, FactKind.HEARD, "bv01", "his", 1, 2, 3, skewed=True)])
    older = body.replace(b',"skewed":true', b"")
    assert unpack_facts(older) == [Fact("m", 0, FactKind.HEARD, "bv01", "his", 1, 2, 3)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'[{"kind": "admitted"}]', b'[{"bed_status": null}]', b"fridge temp=1"]
)
def test_what_are_no_facts_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack_facts(body)
