"""Invented talk: what members of a forum, a chat room, a shop, a game or a help desk might write to each other."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backend.communities import IncomingPost

PERIOD: Final = timedelta(days=60)
PROBLEM_SHARE: Final = 0.06  # of all posts: those that really break a typical policy
BOT_SHARE: Final = 0.03  # of all posts
OPEN_THREADS: Final = 12  # talk goes on in the newest threads only
# How busy each hour of the day is, midnight first, as a share of the busiest.
HOURS: Final = (
    *(0.15, 0.08, 0.05, 0.04, 0.05, 0.10, 0.25, 0.45, 0.60, 0.70, 0.75, 0.80),
    *(0.85, 0.75, 0.70, 0.70, 0.75, 0.85, 0.95, 1.00, 1.00, 0.90, 0.60, 0.35),
)
_SLOT: Final = re.compile(r"\{(\w+)\}")
_SENTENCE_START: Final = re.compile(r"^[a-z]|(?<=[.!?] )[a-z]")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is talked about in one kind of community. `opening_share` of the posts open a thread."""

    bot: str
    opening_share: float
    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    answers: tuple[str, ...]
    announcements: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    is_written: bool = True  # sentences begin with a capital


@dataclass(frozen=True, slots=True)
class _Author:
    external_id: str
    handle: str


@dataclass(slots=True)
class _Thread:
    subject: str
    posts: list[IncomingPost]


def chatter(seed: int, kind: str, *, posts: int, members: int, until: datetime) -> list[IncomingPost]:
    """`posts` posts of the PERIOD before `until`, oldest first, by at most `members` people and a bot.

    `kind` is a key of SCENES. The same arguments give the same talk. A reply answers an earlier post of the list.
    """
    scene = SCENES[kind]
    chance = random.Random(f"{seed} {kind}")  # noqa: S311 - the same demo everywhere
    people = [_Author(f"{kind}-{seed}-u{n:04d}", handle) for n, handle in enumerate(_handles(chance, members))]
    bot = _Author(f"{kind}-{seed}-bot", scene.bot)
    busy = [1 / (rank + 1) ** 0.8 for rank in range(members)]  # few write much, most write little
    problems = set(chance.sample(range(posts), round(posts * PROBLEM_SHARE)))
    texts = _Texts(chance, scene)
    threads: list[_Thread] = []
    talk: list[IncomingPost] = []
    for number, posted_at in enumerate(_moments(chance, posts, until)):
        author, parent = chance.choices(people, busy)[0], None
        if not threads or chance.random() < scene.opening_share:
            threads.append(thread := _Thread(chance.choice(scene.subjects), []))
        else:
            thread = chance.choice(threads[-OPEN_THREADS:])
            parent = chance.choice(thread.posts[-4:])
            if author.external_id == parent.author_external_id:  # few answer themselves
                author = chance.choices(people, busy)[0]
        if number in problems:
            text = texts.offence(thread.subject)
        elif parent is not None:
            text = texts.answer(thread.subject)
        elif chance.random() < BOT_SHARE / scene.opening_share:
            author, text = bot, texts.announcement(thread.subject)
        else:
            text = texts.opening(thread.subject)
        post = IncomingPost(
            external_id=f"{kind}-{seed}-{number:05d}",
            author_external_id=author.external_id,
            author_handle=author.handle,
            author_kind="bot" if author is bot else "person",
            identity_key=author.handle,
            text=text,
            posted_at=posted_at,
            reply_to_external_id=None if parent is None else parent.external_id,
        )
        thread.posts.append(post)
        talk.append(post)
    return talk


def _handles(chance: random.Random, count: int) -> list[str]:
    handles: dict[str, None] = {}
    while len(handles) < count:
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        year = chance.randint(71, 109) % 100
        styles = (f"{first}{last[0]}", f"{first}.{last}", f"{first.lower()}{year:02d}", f"{last}_{first[0]}", first)
        handle = chance.choice(styles)
        # A long list runs out of short names.
        handles[handle if handle not in handles else f"{first}_{last}{chance.randint(1, 9999)}"] = None
    return list(handles)


def _moments(chance: random.Random, count: int, until: datetime) -> Iterator[datetime]:
    """`count` times of the PERIOD, in order and on whole seconds; more of them when people are awake where `until` is."""
    found: list[datetime] = []
    while len(found) < count:
        moment = until - timedelta(seconds=chance.randint(1, int(PERIOD.total_seconds())))
        if chance.random() < HOURS[moment.hour]:
            found.append(moment.replace(microsecond=0))
    return iter(sorted(found))


class _Texts:
    """Sentences of one scene, none of them twice while there are fresh ones."""

    def __init__(self, chance: random.Random, scene: Scene) -> None:
        self._chance = chance
        self._scene = scene
        self._words: Mapping[str, Sequence[str]] = {**WORDS, **scene.words}
        self._said: set[str] = set()

    def opening(self, subject: str) -> str:
        return self._fresh(self._scene.openings, subject, tails=self._words["question_tail"])

    def answer(self, subject: str) -> str:
        return self._fresh((*ANSWERS, *self._scene.answers), subject, tails=self._words["answer_tail"])

    def announcement(self, subject: str) -> str:
        return self._fresh(self._scene.announcements, subject)

    def offence(self, subject: str) -> str:
        return self._fresh(self._chance.choice(list(OFFENCES.values())), subject)

    def _fresh(self, templates: Sequence[str], subject: str, *, tails: Sequence[str] = ("",)) -> str:
        text = ""
        for _ in range(30):
            template = f"{self._chance.choice(templates)} {self._chance.choice(tails)}".strip()
            text = self._filled(template, subject)
            if self._scene.is_written:
                text = _SENTENCE_START.sub(lambda start: start.group().upper(), text)
            if text not in self._said:
                break
        self._said.add(text)
        return text

    def _filled(self, template: str, subject: str) -> str:
        used: set[str] = set()

        def word(slot: re.Match[str]) -> str:
            name = slot.group(1)
            if name == "subject":
                return subject
            if name == "n":
                return str(self._chance.randint(2, 40))
            chosen = self._chance.choice([words for words in self._words[name] if words not in used])
            used.add(chosen)
            return self._filled(chosen, subject)

        return _SLOT.sub(word, template)


FIRST_NAMES: Final = (
    *(
        "Ada",
        "Amir",
        "Anja",
        "Bea",
        "Carlos",
        "Chloe",
        "Dana",
        "Deniz",
        "Elif",
        "Emil",
        "Farah",
        "Femi",
        "Greta",
        "Hugo",
    ),
    *("Ines", "Ivan", "Jonas", "June", "Kai", "Lena", "Luca", "Maja", "Marek", "Mina", "Nadia", "Noor", "Olga", "Omar"),
    *("Paula", "Petra", "Quinn", "Rafael", "Rosa", "Sami", "Selma", "Tariq", "Tess", "Uma", "Vera", "Viktor", "Wanda"),
)
LAST_NAMES: Final = (
    *("Abbas", "Berg", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Horvat", "Ito", "Jansen", "Kaya", "Lindt"),
    *("Moreau", "Novak", "Okafor", "Park", "Quist", "Rossi", "Sato", "Torres", "Ueda", "Vogel", "Weiss", "Yilmaz"),
)
# What every scene has; a scene's own words of the same name come instead.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "hello": ("Hi all,", "Hello everyone,", "Hey,", "Morning all,", "Evening,", "Quick one:", "Long-time reader here,"),
    "when": ("since yesterday", "since the weekend", "for {n} days now", "since last week", "for a while"),
    "ago": ("{n} days ago", "last night", "this morning", "over the weekend", "about a month ago"),
    "somebody": ("my sister", "a colleague", "my neighbour", "my partner", "a friend", "my dad", "our club"),
    "thanks": ("Thanks!", "Thank you so much.", "Cheers.", "Much appreciated.", "You saved my evening."),
    "agree": ("Same here.", "Agreed.", "Exactly this.", "That was my experience too.", "Seconded.", "Yes."),
    "doubt": ("Not sure about that.", "I see it differently.", "Hm, not for me.", "Is that still true?", "Really?"),
    "feeling": ("a bit annoying", "really nice", "strange", "better than expected", "not what I hoped for", "great"),
    "question_tail": (
        *("", "", "", "Any ideas?", "What do you think?", "Anybody else?", "I found nothing in the older threads."),
        *("Happy to share details.", "Asking for {somebody}.", "{thanks}"),
    ),
    "answer_tail": (
        "",
        "",
        "",
        "",
        "Good luck!",
        "Let us know how it goes.",
        "Hope that helps.",
        "Just my view.",
        ":)",
    ),
}
ANSWERS: Final = (
    "{agree} {somebody} says so as well.",
    "{agree} It has been like that {when}.",
    "{doubt} For me {subject} has been {feeling} {when}.",
    "{doubt} Did you {step}?",
    "I would {step}, then {step}.",
    "Have you tried to {step}? That helped {somebody}.",
    "{thanks} I will {step} and report back.",
    "We talked about {subject} {ago}, it should be a few threads down.",
    "Interesting, I never thought of {subject} that way.",
)
# Mild, and with invented data only: example domains, numbers and streets that nobody has.
OFFENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "spam": (
        "Cheapest {subject} anywhere, use promo code SAVE{n} at http://deals-{n}.example/shop",
        "I made a page with {n} secret tips for {subject}, click here: http://best-tips-{n}.example",
        "Buy {n} followers for the price of a coffee, click here http://grow-{n}.example before midnight",
        "Stop reading about {subject} and visit http://outlet-{n}.example, promo code FRIEND{n}, thank me later",
        "FOLLOW my channel for {subject} giveaways!!! link in profile, promo code WIN{n}",
    ),
    "scam": (
        "I doubled my savings in {n} days with free crypto, write to me and I show {somebody} and you how.",
        "Free crypto for the first {n} members who send their wallet to claim@airdrop-{n}.example",
        "Your account is at risk. Confirm your password within {n} hours: http://login-check-{n}.example",
        "Official team here: pay {n} dollars in gift cards and we put {subject} right, message me in private.",
        "Work from home, {n} hours a week, no questions asked. Small deposit first. jobs@easy-{n}.example",
    ),
    "insult": (
        "Only an idiot would {step} with {subject}. Read a book for once.",
        "What a loser, {n} posts about {subject} and still not a clue.",
        "You moron, I told you {ago} how {subject} works.",
        "Nobody here likes you. Take your {subject} and go away.",
        "Are you stupid or just pretending? {subject} is for grown-ups.",
        "Everything you write is garbage, and so is your taste. {somebody} laughs at you, loser.",
    ),
    "private data": (
        "If anybody wants to complain: his address is {n} Sample Street, Exampletown.",
        "I found out who runs the other shop, her address is {n} Placeholder Lane, flat {n}.",
        "The guy with the {subject} lives at {n} Nowhere Road, go and ring his bell.",
        "Here is the phone number of that moderator: +1 555 01{n}. Call at night.",
        "Real name of the one above: {somebody} knows it. Works at Example Ltd, desk {n}, lives at Sample Court.",
    ),
}
SCENES: Final[Mapping[str, Scene]] = {
    "forum": Scene(
        bot="HelperBot",
        opening_share=0.25,
        subjects=(
            *("the rear rack", "winter tyres", "the new display", "tubeless sealant", "the charger", "disc brakes"),
            *("the mobile app", "route planning", "the child seat", "battery range", "the warranty", "mudguards"),
            *("the firmware update", "saddle height", "the lock", "commuting in the rain", "the spare key", "my order"),
        ),
        openings=(
            "{hello} has anybody got experience with {subject}? {noise} {when}.",
            "{hello} I am thinking about {subject}. Is it worth it for {use}?",
            "Small report after {n} weeks: {subject} is {feeling} for {use}.",
            "How do I get {subject} to work? I did everything, I even tried to {step}, and still: {noise}.",
            "Show and tell: {subject}, fitted {ago}. Took {n} minutes.",
            "Feature request: could {subject} be made {better}?",
            "Is it me, or has {subject} been {feeling} {when}?",
            "{somebody} wants to sell me {subject} for {n}0 euros. Fair for {use}?",
        ),
        answers=(
            "The trick with {subject} is to {step}. Took me {n} minutes.",
            "{subject} only gets {better} if you {step}, says the workshop.",
            "Mine did {ago} what yours does. {noise} for {n} kilometres, then it was gone.",
            "For {use} I would not bother. For {use} I would.",
            "My dealer charged {n} euros for {subject}. Fair, I think.",
            "If it is not {better} after that, send it back, the warranty covers {subject}.",
            "Had that after {n}00 km. Now I {step} every month and it is {feeling}.",
        ),
        announcements=(
            "Weekly digest: {n} new topics, the busiest one is about {subject}.",
            "Reminder: the question about {subject} has had no answer {when}.",
            "{n} members joined this week. Welcome! A guide to {subject} is pinned above.",
        ),
        words={
            "step": (
                *("check the torque first", "clean the contacts", "measure the clearance", "ask the workshop"),
                *("update over a cable", "loosen both screws a little", "let it charge overnight", "grease the bolts"),
                *("go one size up", "reset it to factory settings", "swap front and rear", "ride it in for a week"),
            ),
            "noise": (
                "a clicking noise",
                "a strange hum",
                "no sound at all",
                "the light blinks",
                "it rattles downhill",
            ),
            "use": ("a daily commute", "long tours", "two small children", "hilly roads", "the occasional weekend"),
            "better": ("lighter", "easier to clean", "configurable", "quieter", "available in other colours"),
        },
    ),
    "chat": Scene(
        bot="guildbot",
        opening_share=0.5,
        subjects=(
            *("the meetup", "lunch", "the build", "the new logo", "tonight's stream", "the photo contest", "coffee"),
            *("the release", "that talk", "the playlist", "the quiz", "the trains", "my cat", "the weather", "standup"),
        ),
        openings=(
            "anyone around? {subject} is {feeling} today",
            "so, {subject}. {mood}",
            "good morning! {n} minutes late because of {subject}, {mood}",
            "who is in for {subject} {soon}?",
            "{somebody} just sent me {n} pictures of {subject}, {mood}",
            "poll: {subject} {soon}, yes or no?",
            "ok I give up, how does {subject} work again",
            "brb, {subject}. back in {n}",
            "did you see {subject} {ago}? {mood}",
            "{subject} went {feeling}, thanks to all {n} of you who came",
        ),
        answers=(
            "haha, {mood}",
            "count me in for {subject} {soon}",
            "can't {soon}, but have fun. {mood}",
            "{subject} again? {mood}",
            "just {step}, works every time",
            "same, and {somebody} too. {mood}",
            "give me {n} minutes and I join",
            "wait, that was {ago}? {mood}",
            "I would {step} but {mood}",
            "{n} of us will be there {soon}",
            "no idea, ask {somebody} about {subject}",
        ),
        announcements=(
            "{n} people are here. Topic of the day: {subject}.",
            "Reminder for {subject}: it starts in {n} minutes.",
            "New record: {n} messages about {subject} in an hour.",
        ),
        is_written=False,
        words={
            "step": (
                *("turn it off and on", "take the earlier train", "bring cake", "mute it", "ask in the other room"),
                *("sleep on it", "read the pinned message", "blame the weather", "start a vote", "order pizza"),
            ),
            "thanks": ("thx", "thank you!", "you are the best", "cheers", "ta"),
            "agree": ("same", "yes", "so true", "+1", "this"),
            "doubt": ("hmm", "really?", "no way", "nah", "not here"),
            "question_tail": ("", "", "", "", "anyone?", ":)", "lol", "asking for {somebody}"),
            "answer_tail": ("", "", "", "", "", ":D", "lol", "haha", "see you {soon}"),
            "mood": ("I need a break", "made my day", "typical", "what a week", "I cannot stop laughing", "send help"),
            "soon": ("tonight", "tomorrow at {n} past six", "on Friday", "after work", "next week", "on Sunday"),
        },
    ),
    "shop": Scene(
        bot="OrderBot",
        opening_share=0.6,
        subjects=(
            *(
                "the oat biscuits",
                "the olive oil",
                "the breakfast box",
                "the dark chocolate",
                "the spice set",
                "the tea",
            ),
            *(
                "the gift card",
                "the pasta",
                "the honey",
                "the coffee beans",
                "the granola",
                "the refill pack",
                "the jam",
            ),
        ),
        openings=(
            "{stars}. {subject} arrived {ago}, {parcel}. Taste: {taste}.",
            "{stars} for {subject}. {taste}, and {parcel}.",
            "Bought {subject} for {somebody}, {taste}. Would buy again: {stars}.",
            "Third order of {subject}. {taste} as always, but {parcel}.",
            "Does anybody know how long {subject} keeps? Mine came {ago}, {parcel}.",
            "{subject}: {taste}. At {n}.90 a little dear, so {stars}.",
            "Ordered {n} packs of {subject} for the office, {parcel}. Verdict: {taste}.",
            "Not my favourite. {subject} is {taste}, {somebody} loves it though. {stars}.",
        ),
        answers=(
            "{stars} from me too. {taste}, even after {n} days.",
            "Mine was {parcel} as well, they sent a new one within {n} days.",
            "Try it with {dish}, then it is {taste}.",
            "I find {subject} {taste}, to be honest. {stars}.",
            "How much of {subject} do you take for {dish}?",
            "It keeps {n} weeks if you {step}.",
            "{subject} with {dish} is what {somebody} asks for every time.",
            "Mine came {ago} and was {parcel}. No complaints about the taste: {taste}.",
            "Wait for the sale, I paid {n}0 percent less {ago}.",
        ),
        announcements=(
            "{subject} is back in stock. {n} members had asked for it.",
            "Your reviews of {subject}: {n} new ones this week.",
            "A question about {subject} is waiting for somebody who has tried it.",
        ),
        words={
            "step": (
                *("keep it in the fridge", "warm it up a little", "write to the shop", "mix it with the older batch"),
                *("use half of it", "order the refill pack", "leave it in the box", "grind it finer", "toast it first"),
            ),
            "dish": ("fresh bread", "porridge", "a simple salad", "goat cheese", "vanilla ice", "roast carrots"),
            "stars": ("five stars", "four stars", "three stars", "two stars", "solid four out of five", "3/5", "5/5"),
            "parcel": ("well packed", "one jar broken", "a day early", "{n} days late", "in far too much paper"),
            "taste": (
                "wonderful",
                "a bit too sweet",
                "fresh",
                "like at grandma's",
                "rather bland",
                "very rich",
                "fine",
            ),
        },
    ),
    "game": Scene(
        bot="PatchBot",
        opening_share=0.35,
        subjects=(
            *("the swamp level", "the archer class", "ranked mode", "the last patch", "crafting", "the frost dragon"),
            *("the co-op queue", "the economy", "controller support", "the tutorial", "the guild hall", "speedruns"),
            *("the night raid", "inventory space", "the soundtrack", "the map editor", "voice lines", "save files"),
        ),
        openings=(
            "Patch feedback: {subject} feels {feeling} {when}. {build} suffers most.",
            "Looking for {n} more people for {subject}, level {n} and up, {style}.",
            "How do you beat {subject} with {build}? I have died {n} times.",
            "Bug report: {subject} {bug} when I open the menu. Happens {when}.",
            "Finally finished {subject} with {build}, {n} hours in. {style} all the way.",
            "Unpopular opinion: {subject} is {feeling} and should stay like this.",
            "Guide: {subject} for beginners, in {n} steps. Step one: {step}.",
            "Can the developers say something about {subject}? It {bug} {when}.",
        ),
        answers=(
            "With {build} you can skip that. {step}, then run.",
            "I play {build} and {subject} is {feeling} at level {n}.",
            "Same crash here, it {bug} every {n} minutes. Ticket is open.",
            "Add me, {style}. I need {subject} as well.",
            "gg. {n} tries for me, then I learned to {step}.",
            "They said in the stream that {subject} gets a rework {soon}.",
            "{build} is fine, you just have to {step}.",
            "It {bug} for {somebody} too, but only in {subject}.",
            "Drop rate is about {n} percent, I counted.",
        ),
        announcements=(
            "Patch 1.{n} is live. Changed: {subject}. Servers restart in {n} minutes.",
            "Event: double points in {subject} for {n} hours.",
            "Top guild this week: {n} wins in {subject}.",
        ),
        words={
            "step": (
                *("save your stamina", "dodge to the left", "bring fire resistance", "clear the adds first"),
                *("verify the game files", "turn shadows down", "hide behind the pillar", "sell the spare gear"),
                *("wait for the second phase", "learn the map first", "use the other entrance"),
            ),
            "soon": ("next month", "in the winter season", "with 2.{n}", "this week, maybe"),
            "build": ("a healer build", "my stealth build", "the shield build", "double daggers", "a fire mage"),
            "bug": ("freezes", "flickers", "crashes to desktop", "loses my keybindings", "plays the sound twice"),
            "style": (
                "relaxed",
                "no voice needed",
                "voice chat preferred",
                "European evenings",
                "casual",
                "slow and safe",
            ),
        },
    ),
    "support": Scene(
        bot="DeskBot",
        opening_share=0.3,
        subjects=(
            *("the invoice", "signing in", "the export", "notifications", "two-factor codes", "the calendar sync"),
            *("my subscription", "the password reset", "shared folders", "the monthly report", "the browser add-on"),
            *("changing my plan", "the mobile app", "printing", "the delivery date", "user rights", "the import"),
        ),
        openings=(
            "{hello} {subject} does not work {when}. The message says {error}.",
            "Problem with {subject}: {error}. I use {system} and tried to {step}.",
            "How do I change {subject} for {n} people at once?",
            "{subject} was fine until {ago}, now I get {error}.",
            "Is there a way to move {subject} to another account? We are {n} people on {system}.",
            "{hello} where do I find {subject} in the new layout?",
            "{somebody} cannot use {subject} on {system}: {error}.",
            "Question about {subject}, not urgent: is the limit still {n} a month?",
        ),
        answers=(
            "On {system} you have to {step}. Then {subject} works.",
            "I got {error} as well, it went away after {n} minutes.",
            "{subject}: settings, second tab, at the bottom. {step} if it is not there.",
            "Which version? With {n}.2 on {system} I do not see that.",
            "The team wrote {ago} that {subject} is being worked on.",
            "Solved for me: {step}. No more {error}.",
            "You need the admin for {subject}. Ask them to {step}.",
            "For {n} people the bulk screen is faster. {step} before you start.",
            "Could you post what {system} says apart from {error}?",
        ),
        announcements=(
            "We have received your question about {subject}. Usual answer time: {n} hours.",
            "Known issue: {subject} is slow at the moment. {n} reports so far.",
            "Solved this week: {n} questions, most of them about {subject}.",
        ),
        words={
            "step": (
                *("clear the cache", "sign out everywhere", "check the spam folder", "use a private window"),
                *("update the app", "renew the token", "turn the blocker off", "try another network"),
                *("send the log to the desk", "confirm the address again", "switch the language and back"),
            ),
            "error": ("'please try again later'", "error 5{n}", "a blank page", "'no permission'", "nothing at all"),
            "system": (
                "Firefox on Linux",
                "an older Android phone",
                "Windows and Edge",
                "Safari",
                "a tablet",
                "Chrome",
            ),
        },
    ),
}
