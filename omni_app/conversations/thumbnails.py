"""Small pictures of pictures, for lists and threads: turned as the camera meant it, without what the camera wrote beside it."""

import asyncio
import io

from PIL import ExifTags, Image

LONGEST = 480
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
MOST_PIXELS = 50_000_000

# EXIF 2.32, table 6: where the first row and column of the picture belong.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Fifty million pixels are up to 200 MB while they are small pictures in the making: one at a time.
_turn = asyncio.Semaphore(1)


async def make_thumbnail(data: bytes, media_type: str) -> bytes | None:
    """A WebP of at most 480 pixels a side, off the loop; None for what is no picture or cannot be drawn."""
    if media_type not in _FORMATS:
        return None
    async with _turn:
        return await asyncio.to_thread(draw_thumbnail, data, _FORMATS[media_type])


def draw_thumbnail(data: bytes, kind: str) -> bytes | None:
    """The same on this thread; `kind` is Pillow's name of the only format tried."""
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            # JPEG is decoded at a half, a quarter or an eighth right away; the turn comes last, when little is left to turn.
            picture.draft("RGB", (LONGEST, LONGEST))
            turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
            has_alpha = "A" in picture.getbands() or "transparency" in picture.info
            small = picture.convert("RGBA" if has_alpha else "RGB")
            small.thumbnail((LONGEST, LONGEST))
            small = small if turn is None else small.transpose(turn)
            small.info.clear()
            out = io.BytesIO()
            small.save(out, "WEBP", quality=80, method=4)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, Image.DecompressionBombError):
        # Pillow raises all of these for damaged files; the picture itself stays as it came.
        return None
