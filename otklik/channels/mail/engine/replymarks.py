"""How mail programs announce a quote or a signature, in the languages customers write.

Everything here judges one line or a few joined lines; `reply.py` decides what follows from it.
A mark must look like a program wrote it: a date and an address, a fixed phrase alone on its line.
A sentence that merely contains «пишет:» has neither.
"""

from __future__ import annotations

import re
from html import unescape

ADDRESS = re.compile(r"[^\s<>()\[\],;:\"«»]+@[^\s<>()\[\],;:\"«»]+", re.IGNORECASE)
BRACKETED = re.compile(r"[<(\[]\s*(?:mailto:)?[^\s<>()\[\]]+@[^<>()\[\]]*[>)\]]?", re.IGNORECASE)
VERBS = (
    r"пишет|пишут|писал|писала|писал\(а\)|писали|написал|написала|написали|написал\(а\)|пише|написав|написав\(-ла\)|"
    r"піша|жазды|жазған|wrote|writes|schrieb|schreibt|geschrieben|a écrit|écrit|ha scritto|scrisse|"
    r"escreveu|escribió|"
    r"va escriure|schreef|het volgende geschreven|napisał|napisał\(a\)|napisała|pisze|skrev|skrev "
    r"følgende|kirjoitti|"
    r"írta|napsal|napsal\(a\)|napísal|a scris|написа|yazdı|şunları yazdı"
)
VERB_END = re.compile(rf"(?:^|[\s,>)\]\"»])(?:{VERBS})\s*:?\s*$", re.IGNORECASE)
VERB_COLON = re.compile(rf"(?:^|[\s,>)\]\"»])(?:{VERBS})\s*:\s*$", re.IGNORECASE)
VERB_INSIDE = re.compile(rf"\s(?:{VERBS})\s", re.IGNORECASE)

WEEKDAY = (
    r"пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|mon|tue|wed|thu|fri|sat|sun|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|"
    r"donnerstag|freitag|samstag|sonntag|lun|mar|mer|jeu|ven|sam|dim|lør|søn|man|tir|ons|tor|fre|ma|ti|ke|to|pe|la|su|"
    r"пон|втор|чет|суб|нд|пів"
)
MONTH = (
    r"янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|"
    r"janv|févr|avr|juin|juil|août|déc|gen|mag|giu|lug|ago|set|ott|dic|abr|out|grud|stycz|lut|kwie|maj|czerw|lip|sierp|"
    r"wrze|paźdz|listop|loka|tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|marras|joulu|desember|mars"
)
LEAD = re.compile(
    rf"^(?:on|le|am|il|em|el|op|den|dnia|w dniu|in data|på|pada|a\(z\)|вы писали|вы написали)\b|"
    rf"^(?:{WEEKDAY})\.?[,.]?\s|^\d{{1,4}}[\s./:-]|^(?:{MONTH})[a-zа-я]*\.?\s+\d",
    re.IGNORECASE,
)
NUMERIC_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
NAMED_DATE = re.compile(
    rf"(?<![\d\w])(?:\d{{1,2}}\.?\s*(?:de\s+)?(?:{MONTH})|(?:{MONTH})[a-zа-яäöüéûåæø]*\.?\s+\d{{1,2}}(?!\d))",
    re.IGNORECASE,
)
SHORT_DATE = re.compile(rf"^on\s+(?:{WEEKDAY}),", re.IGNORECASE)
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
# Name as programs print it: one to four words, each with a capital, after the date.
THUNDERBIRD = re.compile(
    rf"^.{{0,60}}?\d,?\s+(?:пользователь\s+)?(?:[A-ZА-ЯЁ][\w.'’-]*\s*){{1,4}}(?:\([^()]*\)\s*)?(?:{VERBS})\s*:?\s*$"
)
# Without a date only names may stand before the verb, and a marked quote must follow.
NAME_WROTE = re.compile(
    rf"^(?:(?:[A-ZА-ЯЁ\"«][\w.'’»\"-]*|<[^<>]*>|\([^()]*\)),?\s*){{1,5}}(?:{VERBS})\s*:\s*$"
)
YOU_WROTE = re.compile(r"^(?:on .{6,60} you wrote|вы (?:писали|написали)\s.{6,60}\d)\s*:\s*$", re.IGNORECASE)
INITIALS = re.compile(r"^\s?[A-ZА-ЯЁ]{2,3}>+(?:\s|$)")

MESSAGE = (
    r"сообщени[ея]|письмо|письма|message|e-?mail|mail|nachricht|besked|meddelelse|messaggio|mensaje|mensagem|"
    r"wiadomość|wiadomości|viesti|meddelande|melding|bericht|повідомлення|паведамленне|хабарлама|üzenet|zpráva"
)
WHICH = (
    r"исходное|пересылаемое|пересланное|перенаправленное|переадресованное|оригинальное|первоначальное|original|"
    r"forwarded|reply|ursprüngliche|weitergeleitete|oprindelig|videresendt|opprinnelig|ursprungligt|vidarebefordrat|"
    r"d'origine|d’origine|transféré|originale|inoltrato|reenviado|encaminhada|oryginalna|przekazana|alkuperäinen|"
    r"välitetty|oorspronkelijk|doorgestuurd|вихідне|переслане|бастапқы|начало|конец|begin|end"
)
SEPARATOR = re.compile(
    rf"^(?!.*\bPGP\b)\s*[-_=*—–]{{2,}}\s*(?:(?:{WHICH})[\w\s'’]{{0,30}}?(?:{MESSAGE})|(?:{MESSAGE})\s(?:{WHICH})|"
    rf"пересылаемое сообщение|(?:the )?original message)[\w\s.'’]{{0,20}}[-_=*—–]{{2,}}\s*$",
    re.IGNORECASE,
)
PHRASE = re.compile(
    r"^\s*(?:начало (?:переадресованного|пересылаемого|пересланного) (?:сообщения|письма)|begin "
    r"forwarded message|"
    r"anfang der weitergeleiteten (?:nachricht|e-mail)|début du message (?:transféré|réexpédié)|"
    r"inizio messaggio inoltrato|inicio del mensaje reenviado|início da mensagem reencaminhada|"
    r"-{2,}\s?original message\s?-*)\s*:?\s*$",
    re.IGNORECASE,
)
ZOHO = re.compile(rf"^\s*-{{3,}}\s*.{{6,200}}\s(?:{VERBS})\s*-{{3,}}\s*$", re.IGNORECASE)
REPLY_ABOVE = re.compile(
    r"^\s*[-=#*\s]*(?:(?:please,? )?(?:reply|(?:type|write|enter) your reply) above this line|"
    r"(?:пожалуйста,? )?(?:ответьте|отвечайте|(?:на)?пишите|введите|вводите)(?: (?:ваш|свой))?(?: ответ)? "
    r"(?:выше|над) этой (?:строки|строкой|линии|линией|черты|чертой))[-=#*\s.]*$",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s*[-_=*—–─]{3,}\s*$")

FROM = r"от|от кого|from|von|de|da|van|fra|från|od|lähettäjä|від|ад|кімнен|отправитель|feladó"
DATE = (
    r"отправлено|дата|date|sent|gesendet|datum|envoyé|envoyé le|fecha|enviado|enviado em|enviada em|"
    r"inviato|data|"
    r"verzonden|dato|sendt|skickat|päivämäärä|lähetetty|wysłano|дата отправки|надіслано|послано|message "
    r"du|élküldve|жіберілді"
)
TO = (
    r"кому|to|an|à|a|para|aan|til|till|vastaanottaja|do|копия|cc|"
    r"kopie|copie à|kópia|cópia|kopi|копія|bcc|címzett|кімге"
)
SUBJECT = r"тема|subject|betreff|objet|oggetto|asunto|assunto|onderwerp|emne|ämne|aihe|temat|tárgy|тақырып"
LABELS = {"from": FROM, "date": DATE, "to": TO, "subject": SUBJECT}
LABEL = re.compile(
    r"^\s*[*_]{0,2}(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in LABELS.items())
    + r")[*_]{0,2}\s?:[*_]{0,2}(?P<rest>.*)$",
    re.IGNORECASE,
)

DEVICES = (
    r"iphone|ipad|ios|android|samsung|galaxy|xiaomi|redmi|poco|huawei|honor|realme|oppo|vivo|oneplus|nokia|sony|lg|htc|"
    r"blackberry|windows|outlook|gmail|yandex|яндекс|yahoo|mail\.ru|mail|mymail|почт|телефон|смартфон|планшет|мобильн|"
    r"устройств|приложени|spark|thunderbird|proton|typeapp|bluemail|aquamail|nine|handy|mobile|phone|tablet|device|"
    r"wiko|motorola|lenovo|meizu|pixel|рамблер|rambler|aol|icloud|apple|\bмой мир\b|vk|\bmi\b"
)
SENT_BY = re.compile(
    r"^\s*(?:(?:отправлено|отправленно|послано|написано|надіслано) (?:с|со|из|через|от|при помощи|з|із|"
    r"зі|via)|"
    r"sent (?:from|via|with|using|by)|gesendet (?:von|mit|aus|über)|von meinem|envoyé (?:de|depuis|à "
    r"partir|avec)|"
    r"inviato (?:da|dal|con)|enviado (?:desde|do|de|a partir|pelo)|verzonden (?:vanaf|vanuit|met|via|van)|"
    r"wysłan[eo] (?:z|za)|skickat från|sendt (?:fra|via)|lähetetty|get outlook for|скачать outlook|"
    r"загрузить outlook|получить outlook|"
    r"download outlook|obtenir outlook|outlook für|fra min|från min|"
    r"(?:get|получить|скачать|загрузить)(?= [\w. ]{2,20} (?:for|для) (?:ios|android|iphone)))\b(?P<rest>.{0,160})$",
    re.IGNORECASE,
)
LINK = re.compile(r"<?(?:https?://|mailto:)\S+>?|\([^()]*https?://[^()]*\)|\[[^\]]*\]")
CLOSING = re.compile(
    r"^\s*[-–—*_]{0,2}\s*(?:(?:с\s+(?:глубоким\s+|большим\s+|искренним\s+|безмерным\s+)?уважением(?:\s+и\s+[а-яё\s]{3,40})?|"
    r"с наилучшими(?:\s+пожеланиями)?|с добрыми пожеланиями|с благодарностью|с надеждой на сотрудничество|"
    r"всего (?:вам )?(?:доброго|хорошего|наилучшего)|искренне ваш|"
    r"з повагою|құрметпен|"
    r"(?:with )?(?:best|kind|warm|warmest|kindest)?\s*regards|best wishes|sincerely(?: yours)?|yours "
    r"(?:sincerely|faithfully|truly)|"
    r"cheers|best|many thanks and regards|thanks and regards|"
    r"mit freundlichen grüßen|mit freundlichem gruß|freundliche grüße|viele grüße|beste grüße|liebe "
    r"grüße|mfg|"
    r"cordialement|bien cordialement|salutations|cordiali saluti|distinti saluti|atenciosamente|cumprimentos|"
    r"un saludo|saludos(?: cordiales)?|atentamente|met vriendelijke groeten?|groeten|pozdrawiam|z poważaniem|"
    r"(?:med )?venlig hilsen|(?:med )?vennlig hilsen|med vänliga hälsningar|vänliga hälsningar|mvh|"
    r"ystävällisin terveisin|"
    r"terveisin))(?P<rest>\b.*|[^\w].*|)$",
    re.IGNORECASE,
)
CLOSING_REST = re.compile(
    r"^[\s,.!;:–—-]*(?:к вам|ваш[аи]?|your|клиент\w*|покупател\w*|команда|коллектив|администрация|компания|"
    r"директор|менеджер|(?:[A-ZА-ЯЁ«\"][\w.'’»\"-]*|и|and|&|of|the|team|из|от|service|отдел|служба|[\W_]+)[\s,.!]*){0,8}$"
)
DASHES = re.compile(r"^\s*(?:--\s*|—|–|__+|—{2,}|–{2,}|-{3,}|={3,})\s*$")
DASH_NAME = re.compile(r"^-{1,2}[A-ZА-ЯЁ][\w'’]+(?:\s+[A-ZА-ЯЁ][\w'’.]+){0,2}\s*$")
POSTSCRIPT = re.compile(
    r"^\s*(?:p\.?\s?s\.?|з\.?\s?ы\.?|постскриптум|п\.?\s?с\.?)(?:[\s:.,—-]|$)", re.IGNORECASE
)
CONTACT = re.compile(
    r"(?:^|\s)(?:тел|моб|факс|телефон|phone|tel|mob|mobile|fax|cell|e-?mail|почта|сайт|www|whatsapp|telegram|viber|skype|"
    r"инн|огрн|ооо|оао|зао|пао|ао|ип)\b|https?://|www\.|[\w.+-]+@[\w-]+\.\w|(?:\+7|8)[\s(-]*\d{3}[\s)-]*\d{3}|\+\d[\d\s()-]{7,}|"
    r"[📧📱☎📞✉🌐]",
    re.IGNORECASE,
)
PERSON = re.compile(r"^\s*[*_]?[A-ZА-ЯЁ][a-zа-яё'’-]+(?:\s+[A-ZА-ЯЁ][\w.'’-]*){1,2}[*_]?,?\s*$")
FOOTER = re.compile(
    r"^\s*(?:(?:это|данное) (?:письмо|сообщение) (?:было )?проверено .{0,80}(?:вирус|антивирус)|"
    r"без вирусов\.?\s|virus-free\.?\s|this (?:e-?mail|message) has been (?:checked|scanned) .{0,80}virus|"
    r"avast logo)",
    re.IGNORECASE,
)
# Lawyers' small print below a signature: looked for in a line and the next ones, joined.
DISCLAIMER = re.compile(
    r"^\W*(?:"
    r"(?:настоящее|данное|это) (?:электронное )?(?:сообщение|письмо|e-?mail)\b(?=.{0,400}(?:конфиденциальн|"
    r"(?:исключительно|только) (?:для )?(?:адресат|лиц|указанн|получател)|по ошибке))|"
    r"(?:информация|сведения), содержащ\w+ в (?:настоящем|данном|этом) (?:электронном )?(?:письме|сообщении)|"
    r"конфиденциально[.:]|уведомление о конфиденциальности|"
    r"this (?:e-?mail|message|communication)\b(?=.{0,400}(?:confidential|privileged|intended (?:solely|only)))|"
    r"(?:the )?information (?:contained )?in this (?:e-?mail|message)|confidential(?:ity)? (?:notice|note)\b|"
    r"disclaimer:)",
    re.IGNORECASE,
)
PGP_SIGNATURE = re.compile(r"^-----(BEGIN|END) PGP SIGNATURE-----\s*$")

MAX_ATTRIBUTION = 400
LAST_WORDS = tuple({verb.replace("\\", "").rpartition(" ")[2] for verb in VERBS.split("|")})


def may_end_attribution(line: str) -> bool:
    """A cheap look before the patterns: nearly every line of a mail ends here."""
    line = line.rstrip().rstrip("*_")
    return line.endswith(":") or line.lower().endswith(LAST_WORDS)


def has_date(text: str) -> bool:
    if NUMERIC_DATE.search(text) or NAMED_DATE.search(text) or SHORT_DATE.match(text):
        return True
    return bool(YEAR.search(text) and CLOCK.search(text))  # months of a language not listed here


def is_attribution(text: str, *, quote_follows: bool) -> bool:
    """Whether joined lines are a program's «date, name, address wrote:»."""
    text = re.sub(r"\s+", " ", unescape(text) if "&" in text else text).strip().strip("*_")
    if not 8 <= len(text) <= MAX_ATTRIBUTION or len(text.split()) > 45:
        return False
    if YOU_WROTE.match(text):
        return True
    dated = has_date(text)
    if quote_follows and (NAME_WROTE.match(text) or (dated and text.endswith(":") and ADDRESS.search(text))):
        return True
    if quote_follows and dated and (VERB_COLON.search(text) or _ends_dated(text)):
        return True
    if not dated:
        return False
    lead = bool(LEAD.match(text))
    if ADDRESS.search(text):
        return _addressed(text, lead)
    if quote_follows and lead and VERB_END.search(text):
        return True
    return bool(lead and CLOCK.search(text) and THUNDERBIRD.match(text))


def _ends_dated(text: str) -> bool:
    """Roundcube: «Магазин писал(а) 2026-10-29 14:11:»."""
    return text.endswith(":") and bool(VERB_INSIDE.search(text)) and bool(CLOCK.search(text[-9:]))


def _addressed(text: str, lead: bool) -> bool:
    bracketed = BRACKETED.search(text)
    if VERB_END.search(text) and (lead or bracketed):
        return True
    if not text.endswith(":") or not lead:
        return False
    # No verb at the end: Yandex, Gmail and Mail.ru end with the address itself.
    tail = text[-90:]
    return bool(ADDRESS.search(tail)) and bool(bracketed or CLOCK.search(text) or VERB_INSIDE.search(text))


def label_of(line: str) -> tuple[str, str] | None:
    """(from | date | to | subject, value) of a header line inside a quote."""
    match = LABEL.match(line)
    if match is None:
        return None
    return next((name, match["rest"].strip()) for name in LABELS if match[name] is not None)


def is_mobile_signature(line: str) -> bool:
    """«Отправлено с iPhone» alone on its line, and not a sentence that begins like it."""
    match = SENT_BY.match(line)
    if not match:
        return False
    rest = LINK.sub("", match["rest"]).strip()
    if re.search(r"[,!?;]\s|\.\s+[a-zа-яё]", rest) or len(rest.split()) > 9:
        return False
    if re.search(DEVICES, rest, re.IGNORECASE) or "outlook" in line.lower():
        return not rest.endswith((".", "!", "?")) or len(rest.split()) <= 6
    english = (
        line.strip()
        .lower()
        .startswith(("sent from", "envoyé de mon", "von meinem", "enviado desde mi", "enviado do meu"))
    )
    return english and not rest.endswith((".", "!", "?")) and len(rest.split()) <= 7


def is_closing(line: str) -> bool:
    """«С уважением, Иван» as a line of its own; not «С уважением отношусь к вам»."""
    match = CLOSING.match(line)
    return bool(match) and len(line) <= 120 and bool(CLOSING_REST.match(match["rest"] if match else ""))


def is_sentence(line: str) -> bool:
    """A line of running text rather than one of a visiting card."""
    words = line.split()
    plain = sum(1 for word in words if word[:1].islower() and word.strip('.,;:!?…»")').isalpha())
    if plain >= 4 and len(words) >= 5 and (plain >= 8 or not CONTACT.search(line)):
        return True
    return line.rstrip().endswith(("?", "!")) and plain >= 1
