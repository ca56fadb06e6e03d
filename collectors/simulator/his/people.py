"""Invented people: name, address and numbers follow from hospital and patient, and are written down nowhere but in
messages. Every one of them is made up by chance; nobody is meant."""

from random import Random


def _words(text: str) -> list[str]:
    return text.split()


_FAMILY = _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Mai Lương")
_MIDDLE = {
    "M": _words("Văn Đức Hữu Quang Minh Anh Quốc Công Thành Xuân Đình Trọng"),
    "F": _words("Thị Ngọc Thu Thanh Kim Mỹ Hồng Bích Thuỳ Diệu Khánh Phương"),
}
_GIVEN = {
    "M": _words("Hùng Dũng Tuấn Nam Sơn Long Hải Phúc Khoa Thắng Bình Lâm Vinh Toàn Huy Đạt Trung Kiên"),
    "F": _words("Lan Hoa Hương Mai Linh Trang Yến Nhung Hạnh Thảo Vân Oanh Hằng Nga Quỳnh Loan Tuyết Duyên"),
}
_STREETS = ("Thôn Ví Dụ", "Ngõ Mô Phỏng", "Đường Giả Định", "Tổ dân phố Mẫu", "Phố Thử Nghiệm")
_PLACES = ("Sông Mây", "Đồi Gió", "Bến Lau", "Núi Thưa", "Cầu Tre")


def pid(hospital: str, patient: int) -> str:
    """The PID segment: hospital's number, insurance and citizen numbers, name, birth, sex, address and telephone."""
    chance = Random(f"person/{hospital}/{patient}")  # noqa: S311 (no secret is made of it)
    sex = chance.choice("MF")
    code = hospital.upper()
    numbers = (
        f"{record(patient)}^^^{code}^PI~DN4{chance.randrange(10**12):012d}^^^BHXH^HC"
        f"~0{chance.randrange(10**11):011d}^^^BCA^NI"
    )
    name = f"{chance.choice(_FAMILY)}^{chance.choice(_GIVEN[sex])}^{chance.choice(_MIDDLE[sex])}"
    born = f"{chance.randint(1932, 2024)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    address = f"Số {chance.randint(1, 300)} {chance.choice(_STREETS)}^^{chance.choice(_PLACES)}^^^VN"
    return f"PID|1||{numbers}||{name}||{born}|{sex}|||{address}||09{chance.randrange(10**8):08d}"


def record(patient: int) -> str:
    """The hospital's number of a patient."""
    return f"{30_000_000 + patient}"
