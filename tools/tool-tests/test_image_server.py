"""The papers' rules of boxes, images that are none, and what a crop shows."""
import base64
import io
import json
import struct
import subprocess
import sys
import unittest
import zlib

from client import TOOLS, Client

SERVER = str(TOOLS / "image-server")
sys.path.insert(0, json.loads(subprocess.check_output([SERVER, "--install"]))["library"])
from PIL import Image  # noqa: E402  (from the folder that is known only now)


def png(image):
    out = io.BytesIO()
    image.save(out, "png")
    return base64.b64encode(out.getvalue()).decode()


def opened(data):
    return Image.open(io.BytesIO(base64.b64decode(data)))


def bomb(width, height):
    """The header of a large PNG, and next to nothing after it."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")).decode()


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = Client(SERVER)
        cls.image = Image.new("RGB", (400, 300))
        cls.image.putdata([(x % 256, y % 256, x // 256) for y in range(300) for x in range(400)])
        cls.data = png(cls.image)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()

    def zoom(self, box, **more):
        return self.client.call("image_zoom_in_tool", images=[self.data], bbox_2d=box, **more)

    def test_offers_the_papers_tools(self):
        tools = self.client.ask("tools/list")["result"]["tools"]
        self.assertEqual([(tool["name"], tool["inputSchema"]["required"]) for tool in tools],
                         [("image_zoom_in_tool", ["bbox_2d"]), ("image_rotate_tool", ["angle"])])

    def test_a_crop_is_the_box_clamped(self):
        for box, clamped in [([10, 20, 110, 90], (10, 20, 110, 90)), ([-50, -50, 40, 40], (0, 0, 40, 40)), ([350, 250, 900, 900], (350, 250, 400, 300)),
                             ([0, 0, 31, 31], (0, 0, 31, 31)), ([10.4, 20.6, 60, 90], (10, 21, 60, 90))]:
            text, images, fault = self.zoom(box, label="a")
            self.assertEqual((fault, len(images)), (False, 1), text)
            self.assertEqual(opened(images[0]).tobytes(), self.image.crop(clamped).tobytes(), box)

    def test_boxes_that_the_rules_refuse(self):
        for box in ([110, 20, 10, 90], [10, 90, 110, 20], [10, 10, 10, 90], [500, 0, 600, 50], [0, 0, 30, 100], [0, 0, 100, 30],
                    [380, 0, 500, 100], [1, 2, 3], "box", [0, 0, "a", 9], [0, 0, True, 90], [0, 0, float("inf"), 90], None):
            text, images, fault = self.zoom(box)
            self.assertEqual((images, fault), ([], True), (box, text))
            self.assertTrue(text.startswith("expected"), text)

    def test_a_side_a_hundred_times_the_other_is_refused(self):
        long = png(Image.new("L", (3200, 40)))
        _, images, fault = self.client.call("image_zoom_in_tool", images=[long], bbox_2d=[0, 0, 3100, 31])
        self.assertEqual((len(images), fault), (1, False))
        text, _, fault = self.client.call("image_zoom_in_tool", images=[long], bbox_2d=[0, 0, 3200, 31])
        self.assertIn("100 times", text)
        self.assertTrue(fault)

    def test_both_work_on_the_first_image_as_it_came(self):
        other = png(Image.new("RGB", (50, 50)))
        self.client.call("image_zoom_in_tool", images=[self.data, other], bbox_2d=[0, 0, 50, 50])
        _, images, _ = self.client.call("image_zoom_in_tool", bbox_2d=[300, 200, 400, 300])
        self.assertEqual(opened(images[0]).tobytes(), self.image.crop((300, 200, 400, 300)).tobytes())

    def test_turning_keeps_the_size(self):
        _, images, _ = self.client.call("image_rotate_tool", images=[self.data], angle=90)
        self.assertEqual(opened(images[0]).tobytes(), self.image.rotate(90).tobytes())
        self.assertTrue(self.client.call("image_rotate_tool", images=[self.data], angle="x")[2])

    def test_images_that_are_none(self):
        for data in (base64.b64encode(b"GIF89a").decode(), "!!", base64.b64encode(b"<svg/>").decode(), self.data[: len(self.data) // 8 * 4]):
            text, images, fault = self.client.call("image_zoom_in_tool", images=[data], bbox_2d=[0, 0, 50, 50])
            self.assertEqual((images, fault), ([], True), text)
        self.assertEqual(len(self.zoom([0, 0, 50, 50])[1]), 1)

    def test_a_bomb_is_refused_by_its_header(self):
        for side in (10_000, 60_000):
            text, _, fault = self.client.call("image_zoom_in_tool", images=[bomb(side, side)], bbox_2d=[0, 0, 50, 50])
            self.assertTrue(fault)
            self.assertIn("50000000", text)

    def test_without_an_image_or_pillow(self):
        client = Client(SERVER)
        self.assertEqual(client.call("image_rotate_tool", angle=1), ("the question has no image", [], True))
        client.close()
        ran = subprocess.run([SERVER], env={"RETORT_HELPERS": "/nowhere", "PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual((ran.returncode, ran.stdout), (78, ""))
        self.assertIn("`tools/image-server --install` fetches it", ran.stderr)


if __name__ == "__main__":
    unittest.main()
