"""The way between two points on the ellipsoid, by Vincenty's formula: exact to half a millimetre.

It shares nothing with the code under test.  Source: T. Vincenty, Survey Review XXIII 176 (1975).
"""

from __future__ import annotations

from math import atan, atan2, cos, radians, sin, sqrt, tan

_A, _F = 6_378_137.0, 1 / 298.257223563
_B = _A * (1 - _F)


def metres_between(latitude: float, longitude: float, to: tuple[float, float]) -> float:
    """Return the length of the geodesic to a latitude and longitude."""
    u1, u2 = (atan((1 - _F) * tan(radians(angle))) for angle in (latitude, to[0]))
    difference = lam = radians(to[1] - longitude)
    middle = cos_sigma = sigma = sin_sigma = cos2_alpha = 0.0
    for _ in range(200):
        x = cos(u2) * sin(lam)
        y = cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lam)
        sin_sigma = sqrt(x * x + y * y)
        if sin_sigma == 0:
            return 0.0
        cos_sigma = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lam)
        sigma = atan2(sin_sigma, cos_sigma)
        sin_alpha = cos(u1) * cos(u2) * sin(lam) / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        middle = cos_sigma - 2 * sin(u1) * sin(u2) / cos2_alpha if cos2_alpha else 0.0
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        before, lam = (
            lam,
            difference
            + (1 - c)
            * _F
            * sin_alpha
            * (sigma + c * sin_sigma * (middle + c * cos_sigma * (2 * middle**2 - 1))),
        )
        if abs(lam - before) < 1e-13:
            break
    u_square = cos2_alpha * (_A**2 - _B**2) / _B**2
    big_a = 1 + u_square / 16384 * (4096 + u_square * (-768 + u_square * (320 - 175 * u_square)))
    big_b = u_square / 1024 * (256 + u_square * (-128 + u_square * (74 - 47 * u_square)))
    correction = (
        big_b
        * sin_sigma
        * (
            middle
            + big_b
            / 4
            * (
                cos_sigma * (2 * middle**2 - 1)
                - big_b / 6 * middle * (4 * sin_sigma**2 - 3) * (4 * middle**2 - 3)
            )
        )
    )
    return _B * big_a * (sigma - correction)
