"""The sorting questions of a newly seeded database; each has one answer for each house, in the order of ids."""

from __future__ import annotations

from dataclasses import dataclass

# By language code.
Texts = dict[str, str]


@dataclass(frozen=True)
class QuestionSeed:
    """A question, and its answers in the order of :data:`dormitory.seeds.houses.HOUSES`."""

    text: Texts
    answers: tuple[Texts, ...]


QUESTIONS = (
    QuestionSeed(
        {
            "ko": "늦은 밤, 복도 끝에 어제까지 없던 문이 조금 열려 있고 그 틈으로 불빛이 새어 나옵니다.",
            "en": "Late at night a door stands ajar at the end of the corridor. Yesterday there was only wall.",
        },
        (
            {
                "ko": "연다. 안에 누가 있다면 내 발소리는 벌써 들었을 것이다.",
                "en": "I open it. If anyone is in there, they have heard my steps by now.",
            },
            {
                "ko": "두드리고 기다린다. 누군가의 방일지도 모르니까.",
                "en": "I knock and wait. It may be somebody's room.",
            },
            {
                "ko": "지나친다. 그리고 내일 아침까지 열쇠를 가진 사람을 알아낸다.",
                "en": "I walk past it, and by morning I know who keeps the key.",
            },
            {
                "ko": "무릎을 꿇고 문턱을 살핀다. 먼지는 거짓말을 하지 않는다.",
                "en": "I kneel and study the threshold. Dust does not lie.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "어떤 소리를 들으면 가장 쉽게 잠이 드나요?",
            "en": "Which sound sends you to sleep?",
        },
        (
            {
                "ko": "바람이 거셀수록 크게 타오르는 모닥불 소리.",
                "en": "A fire that burns the louder the harder it blows outside.",
            },
            {
                "ko": "옆방에서 누군가 아직 그릇을 정리하는 소리.",
                "en": "Somebody in the next room, still putting the dishes away.",
            },
            {
                "ko": "창 아래에서 제 갈 길을 가는 물소리.",
                "en": "Water under the window, going exactly where it means to go.",
            },
            {
                "ko": "책장이 한 장씩 넘어가는 소리.",
                "en": "Pages, turned one at a time.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "말하는 고양이가 담 위에 앉아, 질문 하나에만 답해 주겠다고 합니다. 무엇을 묻겠습니까?",
            "en": "A cat on a wall offers to answer one question, and only one. What do you ask?",
        },
        (
            {
                "ko": "“가장 무서웠던 날, 너는 어떻게 했어?”",
                "en": "“What did you do on the day you were most afraid?”",
            },
            {
                "ko": "“저녁은 먹었니?”",
                "en": "“Have you had your supper?”",
            },
            {
                "ko": "“다른 사람들은 너한테 뭘 물어봤어?”",
                "en": "“What did the others ask you?”",
            },
            {
                "ko": "“그 말은 누구한테 배웠어?”",
                "en": "“Who taught you to speak?”",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "눈에 갇힌 기차가 들판 한가운데에 멈췄습니다. 등불은 한 시간이면 꺼집니다.",
            "en": "Snow has stopped the train in the middle of nowhere, and the lamps will last another hour.",
        },
        (
            {
                "ko": "삽을 찾아 가장 먼저 내린다.",
                "en": "I look for a shovel and am the first one out.",
            },
            {
                "ko": "칸마다 다니며 담요를 모아, 추운 사람부터 덮어 준다.",
                "en": "I go from carriage to carriage for blankets and begin with whoever is coldest.",
            },
            {
                "ko": "기관사 곁으로 간다. 결정은 그 자리에서 내려질 테니까.",
                "en": "I find the driver. Whatever is decided will be decided there.",
            },
            {
                "ko": "아직 불이 있는 동안 지도와 시계로 여기가 어디인지 셈한다.",
                "en": "While there is light, I work out from map and watch where we are.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "친구의 실수로 우리 편이 경기에서 졌습니다. 다들 아무 말이 없습니다.",
            "en": "Your side has lost, and everyone knows whose mistake it was. Nobody speaks.",
        },
        (
            {
                "ko": "“다음 경기에서 내 옆에 서.”라고 모두 앞에서 말한다.",
                "en": "“Next time you play beside me,” I say, so that all can hear.",
            },
            {
                "ko": "아무 말 없이 옆에 앉아 신발 끈을 같이 푼다.",
                "en": "I sit down next to them, and we untie our boots.",
            },
            {
                "ko": "상대가 어떻게 그 실수를 끌어냈는지부터 알아낸다.",
                "en": "I find out how the others lured them into it.",
            },
            {
                "ko": "저녁에 그 장면을 함께 되짚으며 그려 본다.",
                "en": "In the evening we draw the moment together, step by step.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "길에서 비에 젖은 편지를 주웠습니다. 받는 사람의 이름은 반쯤 번졌습니다.",
            "en": "On the road you find a letter, soaked by the rain, half of the name washed away.",
        },
        (
            {
                "ko": "비가 그치길 기다리지 않고, 남은 글자만 들고 집집마다 문을 두드린다.",
                "en": "Rain or no rain, I take the letters that are left from door to door.",
            },
            {
                "ko": "난롯가에서 한 장씩 말린다. 읽지는 않는다.",
                "en": "I dry it by the stove, sheet by sheet, and read none of them.",
            },
            {
                "ko": "이런 날 편지를 부친 사람은 급했을 것이다. 우체국에서 누구였는지 물어본다.",
                "en": "Whoever posts a letter in such weather is in a hurry. The post office will remember who.",
            },
            {
                "ko": "번진 획의 길이를 재어 이름을 되살려 본다.",
                "en": "I measure the blurred strokes until the name comes back.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "노가 없는 작은 배가 안개 낀 호수에 묶여 있습니다. 건너편에 가야 합니다.",
            "en": "A small boat without oars lies moored in the mist, and you are expected on the other shore.",
        },
        (
            {
                "ko": "줄을 풀고 두 손으로 젓는다.",
                "en": "I untie it and paddle with my hands.",
            },
            {
                "ko": "같은 곳에 갈 사람을 기다린다. 손은 여럿일수록 좋다.",
                "en": "I wait for others who must cross. More hands row better.",
            },
            {
                "ko": "바람이 바뀌는 시각에 맞춰 외투를 돛으로 단다.",
                "en": "I wait until the wind turns, and my coat makes a sail.",
            },
            {
                "ko": "왜 노만 없는지 생각한다. 어쩌면 저절로 가는 배일 것이다.",
                "en": "I wonder why only the oars are missing. Perhaps this boat needs none.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "선생님이 칠판에 틀린 식을 적었습니다. 아무도 눈치채지 못했습니다.",
            "en": "There is a mistake on the blackboard, made by the teacher, and only you have noticed.",
        },
        (
            {
                "ko": "그 자리에서 손을 든다.",
                "en": "I raise my hand at once.",
            },
            {
                "ko": "수업이 끝난 뒤, 칠판을 지우는 것을 도우며 조용히 말한다.",
                "en": "I help to wipe the board after class and mention it then.",
            },
            {
                "ko": "기억해 둔다. 시험 문제는 대개 그런 곳에서 나온다.",
                "en": "I keep it in mind. Examinations are made of such places.",
            },
            {
                "ko": "틀린 식이 맞는 세상은 어떤 곳일지, 공책 귀퉁이에 풀어 본다.",
                "en": "In the margin I work out the world in which it would be right.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "졸업하는 날, 백 년 뒤의 학생을 위해 책상 서랍에 하나를 남깁니다.",
            "en": "On your last day you leave one thing in your desk for a student a hundred years from now.",
        },
        (
            {
                "ko": "“해 봐.”라고만 적은 쪽지.",
                "en": "A slip of paper that says “Go on, try.”",
            },
            {
                "ko": "우리가 심은 사과나무까지 가는 길을 그린 약도.",
                "en": "A sketch of the way to the apple tree that we planted.",
            },
            {
                "ko": "맞는 자물쇠를 스스로 찾아야 하는 열쇠.",
                "en": "A key, and not a word about the lock.",
            },
            {
                "ko": "끝내 풀지 못한 문제와 내가 쓴 풀이 절반.",
                "en": "The riddle that I never solved, with my half of the solution.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "축제 날 밤입니다. 사람들은 당신을 어디에서 찾을 수 있을까요?",
            "en": "It is the night of the fair. Where would people look for you?",
        },
        (
            {
                "ko": "모두가 보고만 있는 외줄 위에서.",
                "en": "On the tightrope at which all the others only look.",
            },
            {
                "ko": "국솥 옆에서, 줄 선 사람들에게 국을 떠 주며.",
                "en": "Beside the soup pot, ladle in hand.",
            },
            {
                "ko": "모든 길이 내려다보이는 종탑 난간에서.",
                "en": "In the belfry, from which one can see every lane.",
            },
            {
                "ko": "천막 뒤에서, 불꽃놀이 장인에게 초록색을 어떻게 내는지 물으며.",
                "en": "Behind the tents, asking the firework maker how one gets the green.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "오래된 거울이 십 년 뒤의 당신을 비춥니다. 무엇이 보이면 좋겠습니까?",
            "en": "An old mirror shows you yourself in ten years. What do you hope to see?",
        },
        (
            {
                "ko": "흉터 하나, 그리고 웃으며 들려줄 이야기.",
                "en": "A scar, and the laugh of someone who can tell how it came about.",
            },
            {
                "ko": "내 뒤로 보이는 긴 식탁과 꽉 찬 의자들.",
                "en": "A long table behind me, and no empty chair.",
            },
            {
                "ko": "내가 정한 자리에, 내가 정한 때에 서 있는 모습.",
                "en": "Myself in the place that I chose, at the hour that I chose.",
            },
            {
                "ko": "지금의 나는 읽을 수 없는 글자가 적힌 책.",
                "en": "A book in my hand in letters that I cannot read yet.",
            },
        ),
    ),
    QuestionSeed(
        {
            "ko": "숲에서 길을 잃었는데 빵이 하나 남았고, 옆에는 처음 보는 아이가 울고 있습니다.",
            "en": "You are lost in the woods with one loaf left, and beside you cries a child you do not know.",
        },
        (
            {
                "ko": "아이를 업고 걷는다. 빵은 나가서 먹으면 된다.",
                "en": "I take the child on my back and walk. We can eat when we are out.",
            },
            {
                "ko": "빵을 반으로 나누고, 큰 쪽을 준다.",
                "en": "I break the loaf in two and hand over the larger half.",
            },
            {
                "ko": "왜 우는지 달래며 묻는다. 여기까지 온 길을 아는 아이일 수도 있다.",
                "en": "I dry the tears and ask for the way that the child came. It may be our way out.",
            },
            {
                "ko": "함께 나무의 이끼와 별을 보며 북쪽 찾는 법을 가르쳐 준다.",
                "en": "I show the child the moss and the stars, and together we find north.",
            },
        ),
    ),
)
