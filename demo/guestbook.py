"""Names and guestbook texts of the demo school, all invented."""

from __future__ import annotations

import random

KOREAN_FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
KOREAN_GIVEN = (
    *("루나", "하늘", "서연", "지우", "도윤", "하준", "민서", "예린", "가온", "다온"),
    *("별", "솔", "은하", "새벽", "라온", "시우", "유진", "나래", "한결", "보름"),
)
ENGLISH_GIVEN = (
    *("Ada", "Basil", "Cora", "Dorian", "Edith", "Felix", "Greta", "Hugo", "Iris", "Jasper"),
    *("Kit", "Linnea", "Milo", "Nell", "Otis", "Pearl", "Quentin", "Rosa", "Silas", "Tess"),
)
ENGLISH_FAMILY = (
    *("Ashdown", "Brook", "Candle", "Dove", "Elder", "Fernsby", "Glass", "Hollow", "Inkwell", "Kestrel"),
    *("Larkin", "Marsh", "Nettle", "Owlett", "Pike", "Quill", "Rowan", "Sparrow", "Thorn", "Wick"),
)

KOREAN_TEXTS = (
    "{place}에서 {thing} 본 사람 있나요?",
    "오늘 {place}까지 계단이 또 움직여서 {count}분이나 늦었어요.",
    "제 초상화가 밤새 {thing} 이야기를 하네요. 잠을 못 잤습니다.",
    "{place} 앞에 두고 간 {thing}, 제가 맡아 두었습니다 😊",
    "기숙사 점수 {count}점 올렸습니다! 다음 주에도 힘내요.",
    "{thing} 숙제 같이 하실 분은 저녁에 {place}로 오세요.",
)
ENGLISH_TEXTS = (
    "Has anybody seen a {thing} near the {place}?",
    "The stairs to the {place} moved again, I was {count} minutes late.",
    "My portrait talked about the {thing} all night. No sleep at all.",
    "Whoever left a {thing} at the {place}: I keep it safe for you 😊",
    "{count} points for our house today! Keep it up.",
    "Homework on the {thing} tonight, meet me at the {place}.",
)
KOREAN_PLACES = ("도서관", "온실", "천문탑", "호숫가", "부엌", "대강당")
ENGLISH_PLACES = ("library", "greenhouse", "astronomy tower", "lake", "kitchen", "great hall")
KOREAN_THINGS = ("은빛 부엉이", "날아다니는 열쇠", "말하는 모자", "초록 두꺼비", "잉크병", "별 지도")
ENGLISH_THINGS = (
    "silver owl",
    "flying key",
    "talking hat",
    "green toad",
    "bottle of ink",
    "map of the stars",
)


def fullname(draw: random.Random) -> str:
    """A name of at most 20 characters; every second one is Korean."""
    if draw.random() < 0.5:
        return draw.choice(KOREAN_FAMILY) + draw.choice(KOREAN_GIVEN)
    return f"{draw.choice(ENGLISH_GIVEN)} {draw.choice(ENGLISH_FAMILY)}"


def content(draw: random.Random) -> str:
    """A guestbook text; every second one is Korean."""
    if draw.random() < 0.5:
        text, place, thing = map(draw.choice, (KOREAN_TEXTS, KOREAN_PLACES, KOREAN_THINGS))
    else:
        text, place, thing = map(draw.choice, (ENGLISH_TEXTS, ENGLISH_PLACES, ENGLISH_THINGS))
    return text.format(place=place, thing=thing, count=draw.randrange(2, 60))
